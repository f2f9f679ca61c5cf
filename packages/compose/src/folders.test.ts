import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";

/** The folders and then the files beside them, in the order in which an `up` enters them. */
const order = [
  ...["declared", "session", "observed", "desired", "plan", "execute", "lease"],
  ...["preview", "down", "converge", "up", "lease-stack", "index"],
];

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => file.replace(/\.ts$/, ""));

/** What a file imports of this package, types too. */
const imports = new Map(
  files.map((file) => {
    const text = readFileSync(join(import.meta.dirname, `${file}.ts`), "utf8");
    const paths = [...text.matchAll(/"(\.\.?\/[^"]+)\.js"/g)];
    return [file, paths.map(([, path = ""]) => posix.join(posix.dirname(file), path))];
  }),
);

const rank = (file: string) => order.indexOf(file.split("/")[0] ?? "");

test("each folder imports only those before it, types too", () => {
  expect(files.length).toBeGreaterThan(order.length);
  expect(files.filter((file) => rank(file) === -1)).toEqual([]);
  expect([...imports.values()].flat().filter((file) => !imports.has(file))).toEqual([]);
  const up = files.flatMap((file) =>
    (imports.get(file) ?? []).filter((other) => rank(other) > rank(file)).map((other) => `${file} > ${other}`),
  );
  expect(up).toEqual([]);
});
