import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { commandContender } from "../command-contender.js";
import type { Area, Bench, Contender, Row } from "../row.js";
import { expectEqual, run, shellArgv } from "../shell.js";
import type { Subject } from "../subject.js";
import { writeSmallFiles } from "../tree.js";

/** The cache does not trust files that were modified more recently. */
const settleMs = 3000;
const checksums = "find . -type f -print0 | xargs -0 -n 500 -P 2 sha256sum | wc -l";
const patterns = [
  "*.md",
  "**/*.log",
  "node_modules",
  "dist/**",
  "!dist/keep",
  "**/tmp",
  ".git",
  "docs/*.txt",
  "a?c",
  "[xyz]*",
];

type CacheState = "none" | "empty" | "warm";
interface Reading {
  readonly hash: string;
  readonly heldMs: number;
}

export const context: Area = {
  name: "context",
  title: "Reading a build context",
  about:
    "`readContext` of @otto/context in a running process, on 20,000 files of about 10 KB each, against commands that read the same files: " +
    `\`${checksums.replace(" | wc -l", "")}\` and \`git status --short\`. The page cache is warm.`,
  open: async (bench) => {
    const { directory } = bench;
    const files = Math.max(20, Math.round(20_000 * bench.scale));
    const large = join(directory, "context");
    writeSmallFiles(large, { count: files });
    writeSmallFiles(join(directory, "context-small"), { count: 20 });
    writeFileSync(join(directory, "Dockerfile"), "FROM scratch\n");
    writeFileSync(join(directory, "Ruled"), "FROM scratch\n");
    writeFileSync(join(directory, "Ruled.dockerignore"), patterns.join("\n"));
    const git = [
      "--git-dir",
      join(directory, "git"),
      "--work-tree",
      large,
      "-c",
      "user.name=a",
      "-c",
      "user.email=a@a",
    ];
    run("git", ...git, "init", "-q");
    run("git", ...git, "add", "-A");
    run("git", ...git, "commit", "-qm", "tree");
    await setTimeout(settleMs);
    return { rows: rowsOf(bench, { large, files, git }) };
  },
};

interface Trees {
  readonly large: string;
  readonly files: number;
  readonly git: readonly string[];
}

function rowsOf({ otto, directory }: Bench, { large, files, git }: Trees): Row[] {
  const env = otto.env;
  const plain = { context: large, dockerfile: join(directory, "Dockerfile") };
  const ruled = { context: large, dockerfile: join(directory, "Ruled") };
  const small = { context: join(directory, "context-small"), dockerfile: plain.dockerfile };
  const hashes = new Map<string, string>();
  // What a hash covers may differ from one checkout of otto to another.
  const expectSame = (subject: Subject, source: typeof plain, { hash }: Reading) => {
    const tree = `${source.context} ${subject.name}`;
    expectEqual("the hash of a tree read before", hash, hashes.get(tree) ?? hash);
    hashes.set(tree, hash);
  };
  const read = (subject: Subject, source: typeof plain, state: CacheState, name = subject.name): Contender<Reading> => {
    const cacheDir = join(directory, `cache-${subject.name}-${state}`);
    return {
      name,
      prepare: () => state === "empty" && rmSync(cacheDir, { recursive: true, force: true }),
      run: () => subject.call("readContext", source, state === "none" ? false : cacheDir),
      check: (reading) => expectSame(subject, source, reading),
    };
  };
  const sha256sum = commandContender({
    name: "find | xargs -P 2 sha256sum",
    argv: () => shellArgv(checksums),
    env: () => env,
    cwd: () => large,
    check: ({ stdout }) => expectEqual("checksums", Number(stdout), files),
  });
  const status = commandContender({
    name: "git status",
    argv: () => ["git", ...git, "status", "--short"],
    env: () => env,
    cwd: () => large,
    check: ({ stdout }) => expectEqual("what git status prints", stdout, ""),
  });
  const without = (state: CacheState) => read(otto, plain, state, "otto without patterns");
  return [
    { what: "20,000 files, no cache", ours: (subject) => read(subject, plain, "none"), theirs: [sha256sum] },
    { what: "20,000 files, empty cache", ours: (subject) => read(subject, plain, "empty"), theirs: [sha256sum] },
    { what: "20,000 files, warm cache", ours: (subject) => read(subject, plain, "warm"), theirs: [status] },
    {
      what: "ten ignore patterns, no cache",
      ours: (subject) => read(subject, ruled, "none"),
      theirs: [without("none")],
    },
    {
      what: "ten ignore patterns, warm cache",
      ours: (subject) => read(subject, ruled, "warm"),
      theirs: [without("warm")],
    },
    { what: "20 files, no cache", ours: (subject) => read(subject, small, "none"), theirs: [] },
    { what: "event loop held, 20,000 files", ours: (subject) => held(read(subject, plain, "none")), theirs: [] },
  ];
}

/** Its time is the longest for which the event loop was blocked. */
function held(contender: Contender<Reading>): Contender<Reading> {
  return {
    ...contender,
    run: async (round) => {
      const measured = await contender.run(round);
      return { ...measured, ms: measured.output.heldMs };
    },
  };
}
