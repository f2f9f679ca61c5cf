import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scratchDirectory } from "./scratch.js";
import { writeTree } from "./trees.js";

// Enough for the second thread to be started.
const files = Array.from({ length: 2000 }, (_, index) => `file ${index % 40}/${index}`);

/** Reads a context beside itself and again, aborts a reading, and answers with the hashes; then it has nothing to do. */
const script = `
import { contextHash } from ${JSON.stringify(import.meta.resolve("@otto/context"))};
const source = JSON.parse(process.argv[2]);
const hashes = [await contextHash(source)];
hashes.push(...(await Promise.all([contextHash(source), contextHash(source), contextHash(source)])));
await contextHash(source, { signal: AbortSignal.timeout(5) }).catch(() => undefined);
hashes.push(await contextHash(source));
process.send(hashes);
process.disconnect();
`;

test("the thread that is kept serves the next context and keeps no process alive", async () => {
  const directory = scratchDirectory();
  const context = join(directory, "context");
  writeTree(context, files);
  writeFileSync(join(directory, "Dockerfile"), "FROM scratch\n");
  writeFileSync(join(directory, "read.mjs"), script);
  const source = { context, dockerfile: join(directory, "Dockerfile") };
  const reader = fork(join(directory, "read.mjs"), [JSON.stringify(source)]);
  const [hashes] = (await once(reader, "message")) as [string[]];
  expect(hashes).toHaveLength(5);
  expect(new Set(hashes).size).toBe(1);
  expect(await once(reader, "exit")).toEqual([0, null]);
});
