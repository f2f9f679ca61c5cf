import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listTree } from "./tree-listing.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "otto-listing-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function lay(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (text.startsWith("-> ")) symlinkSync(text.slice(3), join(root, path));
    else writeFileSync(join(root, path), text);
  }
}

/** The files that are sent of the root, and what each service sees. @param builds a service's Dockerfile, "" for none */
async function list(builds?: Readonly<Record<string, string>>) {
  const uses = Object.entries(builds ?? {}).map(([service, path]) => ({
    service,
    dockerfile: path === "" ? undefined : join(root, path),
  }));
  const { entries, built } = await listTree([{ kind: "build", localPath: root, remotePath: "c", builds: uses }]);
  const sent = entries.filter(({ kind }) => kind !== "directory").map(({ path }) => path.slice(2));
  const files = (service: string) => sent.filter((path) => built.get(service)?.has(`c/${path}`));
  return { sent, seen: Object.fromEntries([...built.keys()].map((service) => [service, files(service)])) };
}

test("a Dockerfile's own rules are in place of the context's", async () => {
  lay({ Dockerfile: "", "Dockerfile.dockerignore": "a\nb/*\n!b/x", ".dockerignore": "*", a: "", "b/x": "", "b/y": "" });
  expect((await list({ api: "Dockerfile" })).sent).toEqual([
    ".dockerignore",
    "Dockerfile",
    "Dockerfile.dockerignore",
    "b/x",
  ]);
  expect((await list({ api: "" })).sent).toEqual([".dockerignore"]);
});

test("what any build of a context sees is sent, and which one sees it is known", async () => {
  lay({
    a: "",
    b: "",
    c: "",
    "1.Dockerfile": "",
    "1.Dockerfile.dockerignore": "*\n!a",
    Dockerfile: "",
    ".dockerignore": "*\n!b",
  });
  const { sent, seen } = await list({ one: "1.Dockerfile", two: "Dockerfile" });
  expect(sent).not.toContain("c");
  expect(seen).toEqual({
    one: [".dockerignore", "1.Dockerfile", "1.Dockerfile.dockerignore", "a"],
    two: [".dockerignore", "Dockerfile", "b"],
  });
});

test("a context that nothing says a build of is sent by its .dockerignore", async () => {
  lay({ a: "", b: "", ".dockerignore": "a" });
  expect((await list()).sent).toEqual([".dockerignore", "b"]);
});

test("an ignored Dockerfile is sent with what it leads to", async () => {
  lay({ "d/Dockerfile": "-> ../real", real: "", other: "", ".dockerignore": "*" });
  expect((await list({ api: "d/Dockerfile" })).sent).toEqual([".dockerignore", "d/Dockerfile", "real"]);
});

test("rules that lead out of the context are none, as for the builder", async () => {
  lay({ rules: "*", "c/.dockerignore": "-> ../rules", "c/a": "" });
  root = join(root, "c");
  expect((await list({ api: "" })).sent).toEqual([".dockerignore", "a"]);
  root = dirname(root);
});

test("another directory is sent whole", async () => {
  lay({ a: "", "b/c": "", ".dockerignore": "*" });
  const { entries } = await listTree([{ kind: "bind", localPath: root, remotePath: "d" }]);
  expect(entries.map(({ path }) => path)).toEqual(["d", "d/.dockerignore", "d/a", "d/b", "d/b/c"]);
});

test("a file outside of a context is seen by the services that are built by it", async () => {
  lay({ Dockerfile: "FROM scratch\n" });
  const builds = ["api", "web"].map((service) => ({ service, dockerfile: undefined }));
  const { built } = await listTree([{ localPath: join(root, "Dockerfile"), remotePath: "d/Dockerfile", builds }]);
  const seen = new Set(["d/Dockerfile"]);
  expect(built).toEqual(
    new Map([
      ["api", seen],
      ["web", seen],
    ]),
  );
});

test("a text is for the login alone, and a directory without its bits gets those that its files need", async () => {
  lay({ "locked/x": "1", run: "2" });
  chmodSync(join(root, "locked"), 0o500);
  chmodSync(join(root, "run"), 0o4751);
  const { entries } = await listTree(
    [
      { kind: "bind", localPath: root, remotePath: "d" },
      { remotePath: "t/text", content: "é" },
    ],
    { directories: ["made"] },
  );
  chmodSync(join(root, "locked"), 0o700);
  const modes = entries.map((entry) => [entry.path, entry.kind === "symlink" ? "" : entry.mode.toString(8)]);
  expect(Object.fromEntries(modes)).toMatchObject({
    ...{ "d/locked": "700", "d/run": "751", t: "755", "t/text": "600", made: "755" },
  });
  expect(entries.find(({ path }) => path === "t/text")).toMatchObject({ kind: "file", size: 2 });
});

test.each([
  ["a file", (path: Buffer) => writeFileSync(path, "")],
  ["a directory", (path: Buffer) => mkdirSync(path)],
  ["a link's target", (path: Buffer) => symlinkSync(path, join(root, "link"))],
])("%s whose name is not UTF-8 is listed by its bytes, unless it is ignored", async (_, make) => {
  make(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.of(0xe9)]));
  const { entries } = await listTree([{ localPath: root, remotePath: "c" }]);
  const names = entries.flatMap((entry) => (entry.kind === "symlink" ? entry.target : entry.path));
  expect(names.at(-1)?.split("/").at(-1)).toBe("caf\udce9");
  lay({ ".dockerignore": "caf*\nlink" });
  expect((await list({ api: "" })).sent).toEqual([".dockerignore"]);
});
