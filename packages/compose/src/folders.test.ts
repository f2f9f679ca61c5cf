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
    const paths = [...text.matchAll(/\bfrom "(\.[^"]+)\.js"|\bimport\("(\.[^"]+)\.js"\)/g)];
    return [file, paths.map(([, from, late]) => posix.join(posix.dirname(file), from ?? late ?? ""))];
  }),
);

const rank = (file: string) => order.indexOf(file.split("/")[0] ?? "");

test("each folder imports only those before it, types too", () => {
  expect(files.length).toBeGreaterThan(order.length);
  expect(files.filter((file) => rank(file) === -1)).toEqual([]);
  const up = files.flatMap((file) =>
    (imports.get(file) ?? []).filter((other) => rank(other) > rank(file)).map((other) => `${file} > ${other}`),
  );
  expect(up).toEqual([]);
});

test("no files import each other in a circle, types too", () => {
  const findCircle = (file: string, path: readonly string[] = []): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    const found = (imports.get(file) ?? []).map((other) => findCircle(other, [...path, file])).find((one) => one);
    done.add(file);
    return found;
  };
  const done = new Set<string>();
  expect([...imports.values()].flat().filter((file) => !imports.has(file))).toEqual([]);
  expect(files.flatMap((file) => findCircle(file) ?? [])).toEqual([]);
});
