import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { engineEnvironment } from "@otto/lab";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "vitest";

/** The file that starts `otto`. */
export const launcher = fileURLToPath(new URL("../bin/otto.js", import.meta.url));

/** One object of `--json`. */
export interface JsonLine {
  readonly type: string;
  readonly schema: number;
  readonly [key: string]: unknown;
}

/** Where a run of `otto` happens. */
export interface Place {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A finished run. */
export interface Run {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run with `--json`: its last line is the result. */
export interface JsonRun extends Run {
  readonly lines: readonly JsonLine[];
}

/**
 * Starts the built `otto` as a process of its own, with nothing of this process's environment but `PATH` and its engine. It never
 * asks questions on the terminal on which the tests run.
 */
export function startOtto(place: Place, argv: readonly string[]): ChildProcess {
  const env = { PATH: process.env.PATH ?? "", CI: "1", ...engineEnvironment(), ...place.env };
  return spawn(process.execPath, [launcher, ...argv], { cwd: place.cwd, env, stdio: ["pipe", "pipe", "pipe"] });
}

/** Runs `otto` to its end. */
export async function runOtto(place: Place, argv: readonly string[], stdin = ""): Promise<Run> {
  const child = startOtto(place, argv);
  child.stdin?.end(stdin);
  return finished(child);
}

/** Waits for the end of a process that nobody else reads. */
export async function finished(child: ChildProcess): Promise<Run> {
  const outputs = Promise.all([readAll(child.stdout), readAll(child.stderr)]);
  const [exitCode] = (await once(child, "close")) as [number | null];
  const [stdout, stderr] = await outputs;
  return { exitCode, stdout, stderr };
}

function readAll(stream: ChildProcess["stdout"]): Promise<string> {
  return stream === null ? Promise.resolve("") : text(stream);
}

/** Runs `otto … --json` and holds it to its contract: objects with `type` and `schema`, a result last, nothing else. */
export async function runJson(place: Place, argv: readonly string[]): Promise<JsonRun> {
  const run = await runOtto(place, ["--json", ...argv]);
  const lines = run.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as JsonLine);
  for (const line of lines) await expectOfSchema(line);
  expect(lines.map((line) => line.type).indexOf("result")).toBe(lines.length - 1);
  expect(lines.at(-1)).toMatchObject({ exitCode: run.exitCode });
  return { ...run, lines };
}

let schema: Promise<Ajv2020> | undefined;

/** Holds a line to the schema that `otto schema output` publishes. */
async function expectOfSchema(line: JsonLine): Promise<void> {
  schema ??= readSchema();
  const ajv = await schema;
  const isValid = ajv.validate(`output#/$defs/${line.type}`, line);
  expect(isValid, `${ajv.errorsText()}\n${JSON.stringify(line)}`).toBe(true);
}

async function readSchema(): Promise<Ajv2020> {
  const { stdout } = await runOtto({ cwd: "/", env: {} }, ["schema", "output"]);
  return new Ajv2020().addSchema(JSON.parse(stdout) as object, "output");
}

/** Waits for the first line on a stream that `isWanted` accepts. */
export async function lineOf(stream: ChildProcess["stdout"], isWanted: (line: string) => boolean): Promise<string> {
  if (stream === null) throw new TypeError("the process has no such stream");
  const told: string[] = [];
  for await (const line of createInterface({ input: stream })) {
    if (isWanted(line)) return line;
    told.push(line);
  }
  throw new Error(`the process ended before the wanted line; it said:\n${told.join("\n")}`);
}
