import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";

/** What goes in and comes out, the folders in the order in which a project goes through them, and what enters them. */
const order = ["project", "text", "disk", "model", "paths", "ship", "read-project", "index"];

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => file.replace(/\.ts$/, ""));

test("each folder imports only those before it, types too", () => {
  const rank = (file: string) => order.indexOf(file.split("/")[0] ?? "");
  const late = files.flatMap((file) => {
    const text = readFileSync(join(import.meta.dirname, `${file}.ts`), "utf8");
    const imports = [...text.matchAll(/\bfrom "(\.[^"]+)\.js"/g)].map(([, path = ""]) =>
      posix.join(posix.dirname(file), path),
    );
    return imports.filter((other) => rank(other) > rank(file)).map((other) => `${file} > ${other}`);
  });
  expect(new Set(files.map((file) => file.split("/")[0]))).toEqual(new Set(order));
  expect(late).toEqual([]);
});
