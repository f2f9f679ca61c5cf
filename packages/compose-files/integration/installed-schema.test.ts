import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { documentKeys, matchesKey, otherKeys } from "../src/paths/keys.js";
import { pathFinders } from "../src/paths/references.js";
import { type Schema, schemaKeys } from "./schema-keys.js";

/** The schema that the installed Compose checks files against: a text within the program. */
async function readInstalledSchema(): Promise<Schema> {
  const { stdout } = await promisify(execFile)("docker", ["info", "--format", "{{json .ClientInfo.Plugins}}"]);
  const plugins = JSON.parse(stdout) as readonly { readonly Name: string; readonly Path: string }[];
  const program = await readFile(plugins.find(({ Name }) => Name === "compose")?.Path ?? "docker compose is missing");
  const name = program.indexOf('"compose_spec.json"');
  const start = program.lastIndexOf("{", name);
  return JSON.parse(program.toString("utf8", start, endOfObject(program, start))) as Schema;
}

function endOfObject(bytes: Buffer, start: number): number {
  const [open, close, quote, backslash] = ["{", "}", '"', "\\"].map((letter) => letter.charCodeAt(0));
  let depth = 0;
  let isQuoted = false;
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === backslash) at++;
    else if (bytes[at] === quote) isQuoted = !isQuoted;
    else if (!isQuoted && bytes[at] === open) depth++;
    else if (!isQuoted && bytes[at] === close && --depth === 0) return at + 1;
  }
  throw new Error("the schema has no end");
}

test("of every key of the installed Compose it is known whether it names something that is sent", async () => {
  const keys = schemaKeys(await readInstalledSchema());
  const found = pathFinders.flatMap((finder) => finder.keys.map((key) => `${finder.section}.*.${key}`));
  const known = [...documentKeys, ...found, ...otherKeys];
  expect(keys.length).toBeGreaterThan(250);
  expect(keys.filter((key) => !known.some((pattern) => matchesKey(pattern, key.split("."))))).toEqual([]);
});
