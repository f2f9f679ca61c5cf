import { randomBytes } from "node:crypto";
import { DockerContainerHost } from "@otto/hosts";
import { createBusyboxImage } from "@otto/lab";
import fc from "fast-check";
import { askReference, requireReference } from "../reference-command.js";
import type { Facts, Outcome, Verb } from "../verb.js";
import { openLocalParent } from "./lab-parent.js";
import { oneByOne } from "./one-by-one.js";

/** What a container writes in one run, and which of it is asked for. */
export interface LogsInput {
  readonly writes: readonly { readonly stream: 1 | 2; readonly text: string }[];
  readonly runs: number;
  readonly tail: number | undefined;
  /** Asks for what came since the time of this line. */
  readonly sinceLine: number | undefined;
}

const text = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit: fc.constantFrom("a", "b", " ", "\n", "é"), maxLength: 12 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("line\n", "\n", "\n\n", "no end", "\r\n", "a\rb\n", "\t\n", "\u001b[31mred\n"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("\0\n", "\u00ff\n", "x".repeat(16_384), "y".repeat(40_000), "z".repeat(16_383)),
  },
);

/** The logs of a container that has ended. */
export const logsVerb: Verb<LogsInput> = {
  name: "logs",
  reference: "docker logs",
  inputs: fc.record({
    writes: fc.array(fc.record({ stream: fc.constantFrom<(1 | 2)[]>(1, 1, 2), text }), { minLength: 1, maxLength: 6 }),
    runs: fc.constantFrom(1, 1, 1, 2),
    tail: fc.option(fc.constantFrom(0, 1, 2, 3, 100), { nil: undefined }),
    sinceLine: fc.option(fc.constantFrom(0, 1, 2), { nil: undefined, freq: 2 }),
  }),
  batch: 1,
  async open() {
    const name = `otto-logs-${randomBytes(4).toString("hex")}`;
    const image = await createBusyboxImage(`${name}:latest`);
    const parent = openLocalParent();
    return {
      compareAll: oneByOne((input) => compare({ name, image: image.tag, engine: parent.engine }, input)),
      async [Symbol.asyncDispose]() {
        await parent[Symbol.asyncDispose]();
        await image[Symbol.asyncDispose]();
      },
    };
  },
};

interface Place {
  readonly name: string;
  readonly image: string;
  readonly engine: ReturnType<typeof openLocalParent>["engine"];
}

async function compare({ name, image, engine }: Place, input: LogsInput): Promise<Outcome> {
  const labels = [`project=${name}`, "service=api", "container-number=1"];
  const flags = labels.flatMap((label) => ["--label", `com.docker.compose.${label}`]);
  await requireReference(["docker", "create", "--name", name, ...flags, image, "sh", "-c", scriptOf(input)]);
  try {
    for (let run = 0; run < input.runs; run++) await requireReference(["docker", "start", "--attach", name]);
    const since = await timeOfLine(name, input.sinceLine);
    const host = new DockerContainerHost({ id: "c", service: "api", project: name, replica: 1, engine });
    const lines: Record<"stdout" | "stderr", string[]> = { stdout: [], stderr: [] };
    for await (const { stream, timestamp, bytes } of host.logs({ tail: input.tail, since }))
      lines[stream].push(`${timestamp} ${bytes.toString("latin1")}`);
    await host[Symbol.asyncDispose]();
    return { ours: factsOf(lines), reference: await askDocker(name, { ...input, since }) };
  } finally {
    await requireReference(["docker", "rm", "--force", name]);
  }
}

/** Writes with `printf`, each a system call of its own; the streams take turns. */
function scriptOf({ writes }: LogsInput): string {
  return writes.map(({ stream, text: bytes }) => `printf '${octal(bytes)}' >&${stream}`).join("; usleep 2000; ");
}

function octal(bytes: string): string {
  const run = /^(.)\1{99,}$/s.exec(bytes);
  if (run?.[1] !== undefined) return `%0${bytes.length}d' 0 | tr 0 '${run[1]}`;
  return [...Buffer.from(bytes)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}

async function timeOfLine(name: string, line: number | undefined): Promise<string | undefined> {
  if (line === undefined) return undefined;
  const stdout = await requireReference(["docker", "logs", "--timestamps", name]);
  return /^\S+T\S+Z/.exec(stdout.split("\n")[line] ?? "")?.[0];
}

interface Asked {
  readonly tail: number | undefined;
  readonly since: string | undefined;
}

async function askDocker(name: string, { tail, since }: Asked): Promise<Facts> {
  const options = [
    ...(tail === undefined ? [] : ["--tail", `${tail}`]),
    ...(since === undefined ? [] : ["--since", since]),
  ];
  const { stdout, stderr } = await askReference(["docker", "logs", "--timestamps", ...options, name]);
  return factsOf({ stdout: linesOf(stdout), stderr: linesOf(stderr) });
}

function linesOf(output: Buffer): string[] {
  const lines = output.toString("latin1").split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

function factsOf({
  stdout,
  stderr,
}: {
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}): Facts {
  return { stdout: stdout.join("\n"), stderr: stderr.join("\n") };
}
