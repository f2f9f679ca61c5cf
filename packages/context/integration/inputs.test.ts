import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type ContextSource, contextHash } from "@otto/context";
import { expect, test } from "vitest";
import { scratchDirectory } from "./scratch.js";
import { writeTree } from "./trees.js";

const tree = ["file a", "exec run.sh", "file docs/b", "dir empty", "link c > a", "file skipped/x", "file named/n"];

function makeSource(): ContextSource & { readonly context: string } {
  const directory = scratchDirectory();
  const context = join(directory, "context");
  writeTree(context, tree);
  writeTree(join(directory, "extra"), ["file n", "file skipped"]);
  writeFileSync(join(directory, "extra/.dockerignore"), "skipped\n");
  writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY . /\n");
  writeFileSync(join(context, ".dockerignore"), "skipped\n.dockerignore\nDockerfile\n");
  return {
    context,
    dockerfile: join(context, "Dockerfile"),
    buildArgs: { PORT: "80" },
    target: "prod",
    platform: "linux/amd64",
    secrets: [{ id: "npm" }],
    ssh: [{ id: "default" }],
    additionalContexts: { extra: join(directory, "extra"), base: "docker-image://alpine" },
  };
}

test.each<[string, (context: string) => void]>([
  ["a file's content", (context) => writeFileSync(join(context, "a"), "other\n")],
  ["a new file", (context) => writeFileSync(join(context, "new"), "")],
  ["a removed file", (context) => unlinkSync(join(context, "a"))],
  ["a renamed file", (context) => renameSync(join(context, "a"), join(context, "z"))],
  ["the executable bit", (context) => chmodSync(join(context, "a"), 0o755)],
  ["a removed executable bit", (context) => chmodSync(join(context, "run.sh"), 0o644)],
  ["a new empty directory", (context) => mkdirSync(join(context, "docs/new"))],
  ["a removed empty directory", (context) => rmSync(join(context, "empty"), { recursive: true })],
  ["a file where a directory was", fileForDirectory],
  ["a link's target", (context) => replaceLink(context, () => symlinkSync("docs", join(context, "c")))],
  [
    "a file instead of the link to it",
    (context) => replaceLink(context, () => cpSync(join(context, "a"), join(context, "c"))),
  ],
  ["the Dockerfile, ignored as it is", (context) => writeFileSync(join(context, "Dockerfile"), "FROM scratch\n")],
  [
    "the ignore rules, by what they let in",
    (context) => writeFileSync(join(context, ".dockerignore"), ".dockerignore\nDockerfile\n"),
  ],
  ["a file of a named context", (context) => writeFileSync(join(context, "../extra/n"), "other")],
])("%s counts", async (_name, mutate) => {
  const source = makeSource();
  const before = await contextHash(source);
  mutate(source.context);
  expect(await contextHash(source)).not.toBe(before);
});

test.each<[string, (source: ContextSource) => ContextSource]>([
  ["a build argument", (source) => ({ ...source, buildArgs: { PORT: "81" } })],
  ["the target", (source) => ({ ...source, target: "dev" })],
  ["the platform", (source) => ({ ...source, platform: "linux/arm64" })],
  ["a secret's id", (source) => ({ ...source, secrets: [{ id: "pip" }] })],
  ["an ssh id", (source) => ({ ...source, ssh: [] })],
  ["a label", (source) => ({ ...source, labels: { team: "red" } })],
  ["the network", (source) => ({ ...source, network: "host" })],
  ["a host", (source) => ({ ...source, addHosts: ["db=10.0.0.1"] })],
  ["the shared memory", (source) => ({ ...source, shmSize: "128m" })],
  ["where times come from", (source) => ({ ...source, mtime: "preserve" })],
  ["a named context", (source) => ({ ...source, additionalContexts: { base: "docker-image://alpine" } })],
  [
    "a named reference",
    (source) => ({ ...source, additionalContexts: { ...source.additionalContexts, base: "docker-image://debian" } }),
  ],
])("%s counts", async (_name, change) => {
  const source = makeSource();
  expect(await contextHash(change(source))).not.toBe(await contextHash(source));
});

function fileForDirectory(context: string): void {
  rmSync(join(context, "empty"), { recursive: true });
  writeFileSync(join(context, "empty"), "");
}

function replaceLink(context: string, make: () => void): void {
  unlinkSync(join(context, "c"));
  make();
}

test("the Dockerfile's place counts", async () => {
  const source = makeSource();
  cpSync(source.dockerfile, join(source.context, "skipped/Dockerfile"));
  const moved = { ...source, dockerfile: join(source.context, "skipped/Dockerfile") };
  expect(await contextHash(moved)).not.toBe(await contextHash(source));
});

test.each<[string, (context: string) => void]>([
  ["an ignored file", (context) => writeFileSync(join(context, "skipped/x"), "other")],
  ["a new ignored file", (context) => writeFileSync(join(context, "skipped/y"), "")],
  [
    "a comment in the ignored ignore file",
    (context) => writeFileSync(join(context, ".dockerignore"), "# x\nskipped\n.dockerignore\nDockerfile\n"),
  ],
  ["an ignored file of a named context", (context) => writeFileSync(join(context, "../extra/skipped"), "other")],
  ["a file's time", (context) => utimesSync(join(context, "a"), 1, 1)],
  ["a directory's time", (context) => utimesSync(join(context, "docs"), 1, 1)],
  ["the bits of group and others", (context) => chmodSync(join(context, "a"), 0o600)],
  ["the executable bit of others alone", (context) => chmodSync(join(context, "a"), 0o655)],
  ["a directory's mode", (context) => chmodSync(join(context, "docs"), 0o700)],
])("%s does not count", async (_name, mutate) => {
  const source = makeSource();
  const before = await contextHash(source);
  mutate(source.context);
  expect(await contextHash(source)).toBe(before);
});

test("the owner does not count", async () => {
  const source = makeSource();
  const before = await contextHash(source);
  const [uid, gid] =
    process.geteuid?.() === 0 ? [12345, 12345] : [process.geteuid?.() ?? 0, process.getgroups?.()[0] ?? 0];
  chownSync(join(source.context, "a"), uid, gid);
  expect(await contextHash(source)).toBe(before);
});

test("the order in which a directory came to be does not count", async () => {
  const directory = scratchDirectory();
  const names = Array.from({ length: 300 }, (_, index) => `file n${index}`);
  writeTree(join(directory, "one"), names);
  writeTree(join(directory, "two"), names.toReversed());
  expect(new Set(readdirSync(join(directory, "one")))).toEqual(new Set(readdirSync(join(directory, "two"))));
  const hashOf = (name: string) => {
    writeFileSync(join(directory, "Dockerfile"), "FROM scratch\n");
    return contextHash({ context: join(directory, name), dockerfile: join(directory, "Dockerfile") });
  };
  expect(await hashOf("one")).toBe(await hashOf("two"));
});

test("two clones with different umasks, one of them behind a link, have one hash", async () => {
  const directory = scratchDirectory();
  const { context } = makeSource();
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args]);
  git("-C", context, "init", "-q");
  git("-C", context, "add", "-A");
  git("-C", context, "commit", "-qm", "one");
  for (const umask of ["022", "077"]) {
    execFileSync("sh", ["-c", `umask ${umask} && git clone -q "$1" "$2"`, "sh", context, join(directory, umask)]);
    rmSync(join(directory, umask, ".git"), { recursive: true });
  }
  symlinkSync("077", join(directory, "linked"));
  const hashes = ["022", "077", "linked"].map((name) => {
    return contextHash({ context: join(directory, name), dockerfile: join(directory, name, "Dockerfile") });
  });
  expect(new Set(await Promise.all(hashes)).size).toBe(1);
});

test("the hash of a fixed tree stays", async () => {
  const { context, dockerfile } = makeSource();
  expect(await contextHash({ context, dockerfile })).toMatchInlineSnapshot(
    `"c195dde87ca1bdb5eb39e5a90c7531a4da82a42724be72c56685995954c775c7"`,
  );
});
