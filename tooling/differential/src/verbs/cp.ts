import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isOttoError } from "@otto/errors";
import type { FileTransfer } from "@otto/hosts";
import fc from "fast-check";
import { askReference } from "../reference-command.js";
import type { Facts, Outcome, Verb } from "../verb.js";
import { type FileEntry, fileEntries, listEntries, writeEntries } from "./file-tree.js";
import { openTestHosts, sshOptions, type TestHosts } from "./lab-parent.js";
import { oneByOne } from "./one-by-one.js";

/** One copy: what is there on both sides, and how the two ends are named. */
export interface CpInput {
  readonly where: "container" | "parent";
  readonly direction: "put" | "get";
  readonly source: readonly FileEntry[];
  readonly before: readonly FileEntry[];
  /** Of the source, which is copied. */
  readonly entry: number;
  /** How many parts of its path are named. */
  readonly depth: number;
  /** What is written behind it. */
  readonly suffix: string;
  /** Below the destination's directory. */
  readonly to: string;
}

const names = ["a", "b", "d", "a b", "é", "-x"];
const end = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b", "d", "a/b", "a b", "d/a", "é") },
  { weight: 2, arbitrary: fc.constantFrom("a/", "d/", "a/.", "d/.", "new/", "") },
  { weight: 2, arbitrary: fc.constantFrom("new", "new/deeper", ".", "a/../b", "./d", "nosuch") },
);

/** Copies in both directions. */
export const cpVerb: Verb<CpInput> = {
  name: "cp",
  reference: "docker cp, scp",
  inputs: fc.record({
    where: fc.constantFrom("container", "parent"),
    direction: fc.constantFrom("put", "get"),
    source: fileEntries(names, 5),
    before: fileEntries(names, 4),
    entry: fc.nat(7),
    depth: fc.constantFrom(3, 3, 1),
    suffix: fc.constantFrom("", "", "", "/", "/."),
    to: end,
  }),
  batch: 1,
  async open() {
    const name = `otto-cp-${randomBytes(4).toString("hex")}`;
    const work = await mkdtemp(join(tmpdir(), "otto-cp-"));
    const hosts = await openTestHosts(name, ["--volume", `${work}:${work}`]);
    let count = 0;
    return {
      compareAll: oneByOne(async (input) => {
        const directory = join(work, `${count++}`);
        const outcome = await compare({ ...hosts, directory }, input);
        await rm(directory, { recursive: true });
        return outcome;
      }),
      async [Symbol.asyncDispose]() {
        await hosts[Symbol.asyncDispose]();
        await rm(work, { recursive: true, force: true });
      },
    };
  },
};

interface Place extends TestHosts {
  readonly directory: string;
}

async function compare(place: Place, input: CpInput): Promise<Outcome> {
  const source = join(place.directory, "source");
  await writeEntries(source, input.source);
  const [ours, reference] = [join(place.directory, "ours"), join(place.directory, "reference")];
  for (const target of [ours, reference]) {
    await mkdir(target);
    await writeEntries(target, input.before);
  }
  return {
    ours: await copyOurs(place, input, { source, target: ours }),
    reference: await copyReference(place, input, { source, target: reference }),
  };
}

/** Named by its place in the source, so that something is there most of the time. */
function sourcePath({ source, entry, depth, suffix }: CpInput): string {
  const path = source[entry % source.length]?.path ?? "nosuch";
  return `${path.split("/").slice(0, depth).join("/")}${suffix}`;
}

interface Ends {
  readonly source: string;
  readonly target: string;
}

async function copyOurs({ container, parent }: Place, input: CpInput, { source, target }: Ends): Promise<Facts> {
  const host: FileTransfer = input.where === "container" ? container : parent;
  const [from, to] = [`${source}/${sourcePath(input)}`, `${target}/${input.to}`];
  try {
    await (input.direction === "put" ? host.put(from, to) : host.get(from, to));
    return await listEntries(target);
  } catch (error) {
    if (!isOttoError(error) || !error.code.startsWith("FILES_")) throw error;
    return { refused: "yes" };
  }
}

async function copyReference({ name, lab }: Place, input: CpInput, { source, target }: Ends): Promise<Facts> {
  const [from, to] = [`${source}/${sourcePath(input)}`, `${target}/${input.to}`];
  const { address, user } = lab.hosts.parent;
  const there = (path: string) => (input.where === "container" ? `${name}:${path}` : `${user}@${address}:${path}`);
  const ends = input.direction === "put" ? [from, there(to)] : [there(from), to];
  const program =
    input.where === "container" ? ["docker", "cp"] : ["scp", "-rp", ...sshOptions(lab, lab.hosts.parent), "--"];
  const { exitCode } = await askReference([...program, ...ends]);
  return exitCode === 0 ? listEntries(target) : { refused: "yes" };
}
