import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Results } from "../src/result.js";

const root = resolve(import.meta.dirname, "../../..");
const cli = join(root, "tooling/bench/dist/cli.js");
const run = promisify(execFile);

test("an area is measured in part: both sides did the work, its bytes were counted, and no document was written", async () => {
  const directory = await mkdtemp(join(tmpdir(), "otto-bench-test-"));
  const json = join(directory, "results.json");
  const page = () => readFile(join(root, "docs/benchmarks.md"), "utf8");
  const before = await page();
  try {
    const words = [
      "ssh",
      "--rows",
      "256 MB up, ssh2",
      "--scale",
      "0.02",
      "--links",
      "direct",
      "--rounds",
      "1",
      "--json",
      json,
    ];
    const { stdout } = await run(process.execPath, [cli, ...words]);
    const { ssh } = JSON.parse(await readFile(json, "utf8")) as Results;
    const [row] = ssh?.rows ?? [];
    expect(row).toMatchObject({ what: "256 MB up, ssh2", link: "direct", rounds: 1 });
    expect(row?.ours).toMatchObject({ handshakes: expect.any(Number), ms: { median: expect.any(Number) } });
    const sent = Math.ceil((256 << 20) * 0.02);
    for (const figures of [row?.ours, row?.theirs[0]?.figures]) {
      expect(figures !== undefined && "upBytes" in figures && figures.upBytes).toBeGreaterThan(sent);
    }
    expect(row?.theirs[0]?.ratio?.median).toBeGreaterThan(0);
    expect(stdout).toContain("| 256 MB up, ssh2");
    expect(await page()).toBe(before);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("an area that is not there is refused, with those that are", async () => {
  const failed = await run(process.execPath, [cli, "none"]).then(
    () => undefined,
    (error: { code: number; stderr: string }) => error,
  );
  expect(failed?.code).toBe(2);
  expect(failed?.stderr).toMatch(/there is no area "none"[\s\S]*AREA: start, context, build/);
});
