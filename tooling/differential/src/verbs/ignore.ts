import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readContext } from "@otto/context";
import { isOttoError } from "@otto/errors";
import { type ContextEntry, decodePath, encodePath } from "@otto/hashing";
import { writeTree } from "@otto/lab";
import type { Facts, Outcome, Verb } from "../verb.js";
import { buildAll, type CopyBuild, refusalOf } from "./copy-build.js";
import { type IgnoreCase, ignoreCases } from "./ignore-cases.js";

/** The entries that `COPY . /` gives, by random ignore files. */
export const ignoreVerb: Verb<IgnoreCase> = {
  name: "ignore",
  reference: "docker buildx build",
  inputs: ignoreCases,
  batch: 30,
  async open() {
    const work = mkdtempSync(join(tmpdir(), "otto-ignore-"));
    let count = 0;
    return {
      async compareAll(inputs) {
        const prepared = await Promise.all(inputs.map((input) => prepare(join(work, `${count}`), input, count++)));
        const outcomes = await compareBatch(prepared, join(work, "bake.json"));
        for (const { directory } of prepared) rmSync(directory, { recursive: true, force: true });
        return outcomes;
      },
      async [Symbol.asyncDispose]() {
        rmSync(work, { recursive: true, force: true });
      },
    };
  },
};

interface Prepared {
  readonly directory: string;
  readonly build: CopyBuild;
  readonly ours: Facts;
}

async function prepare(directory: string, one: IgnoreCase, index: number): Promise<Prepared> {
  const context = join(directory, "context");
  const dockerfile = join(directory, one.dockerfile);
  writeTree(context, one.tree, encodePath);
  mkdirSync(dirname(dockerfile), { recursive: true });
  writeFileSync(dockerfile, "FROM scratch\nCOPY . /\n");
  if (one.ignoreFile !== undefined) writeRules(join(context, ".dockerignore"), one.ignoreFile, index);
  if (one.ownIgnoreFile !== undefined) writeRules(`${dockerfile}.dockerignore`, one.ownIgnoreFile, index);
  const build = { context, dockerfile, output: join(directory, "output") };
  try {
    const { entries } = await readContext({ context, dockerfile });
    return { directory, build, ours: Object.fromEntries(entries.map((entry) => entryFact(context, entry))) };
  } catch (error) {
    if (!isOttoError(error)) throw error;
    return { directory, build, ours: { refused: error.message.split(": ").at(-1) ?? "" } };
  }
}

const beganAt = Date.now() / 1000;

/**
 * Gives each case's rules a time of their own. BuildKit takes a file for the one of another build when path, size and time
 * are the same, and those that are written within one tick of the kernel's clock have the same.
 */
function writeRules(path: string, rules: string, index: number): void {
  writeFileSync(path, rules);
  const time = beganAt + index;
  utimesSync(path, time, time);
}

async function compareBatch(prepared: readonly Prepared[], bakeFile: string): Promise<Outcome[]> {
  const accepted = prepared.filter(({ ours }) => !("refused" in ours));
  // One refused build ends them all; which one it was is asked one by one.
  const isBuilt = await buildAll(
    accepted.map(({ build }) => build),
    bakeFile,
  ).then(
    () => true,
    () => false,
  );
  const outcomes: Outcome[] = [];
  for (const one of prepared) {
    const refusal = isBuilt && accepted.includes(one) ? undefined : await refusalOf(one.build, bakeFile);
    const reference = refusal === undefined ? readImageFacts(one.build.output) : refusedFacts(refusal, one.ours);
    outcomes.push({ ours: one.ours, reference });
  }
  return outcomes;
}

/** The reason counts: ours must be in what Docker says. Its cancelling of what is left can come first, without a reason. */
function refusedFacts(refusal: string, { refused }: Facts): Facts {
  const isSame = refused !== undefined && (refusal.includes(refused) || refusal.includes("context canceled"));
  return { refused: isSame ? refused : refusal };
}

function entryFact(root: string, entry: ContextEntry): [string, string] {
  if (entry.kind === "directory") return [`dir ${entry.path}`, ""];
  if (entry.kind === "symlink") return [`link ${entry.path}`, entry.target];
  const content = readFileSync(encodePath(`${root}/${entry.path}`), "latin1");
  return [`${entry.executable ? "exec" : "file"} ${entry.path}`, content];
}

/** The tree at `root`, by other means than the code under test. */
function readImageFacts(root: string, directory = ""): Facts {
  const names = readdirSync(encodePath(`${root}/${directory}`), { encoding: "buffer" });
  const facts = names.map((name) => {
    const path = directory === "" ? decodePath(name) : `${directory}/${decodePath(name)}`;
    const place = encodePath(`${root}/${path}`);
    const stats = lstatSync(place);
    if (stats.isDirectory()) return { [`dir ${path}`]: "", ...readImageFacts(root, path) };
    if (stats.isSymbolicLink()) return { [`link ${path}`]: decodePath(readlinkSync(place, { encoding: "buffer" })) };
    return { [`${stats.mode & 0o100 ? "exec" : "file"} ${path}`]: readFileSync(place, "latin1") };
  });
  return Object.assign({}, ...facts) as Facts;
}
