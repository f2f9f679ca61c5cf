import { expect, test } from "vitest";
import type { LocalReader } from "../project.js";
import { readComposeProject } from "../read-project.js";
import { findUnsentPaths } from "./unsent-paths.js";

const texts: Readonly<Record<string, string>> = {
  "/r/docker/compose.yml": `
services:
  a: { image: x, volumes: [./sent:/s], build: ./context }
  off: { image: x, profiles: [off] }
  x-b: { image: x }
`,
  ...{ "/r/docker/sent/f": "", "/r/docker/context/Dockerfile": "", "/r/docker/context/ignored": "" },
  ...{ "/r/docker/here": "", "/r/docker/a:b/c": "", "/r/top": "", "/r/docker/a$b": "" },
};

const reader: LocalReader = {
  readText: async (path) => texts[path],
  async stat(path) {
    if (path === "/r/docker/out") return { kind: "file", realPath: "/elsewhere/out" };
    if (path === "/r/docker/socket") return { kind: "other", realPath: path };
    if (texts[path] !== undefined) return { kind: "file", realPath: path };
    const isDirectory = Object.keys(texts).some((file) => file.startsWith(`${path}/`));
    return isDirectory ? { kind: "directory", realPath: path } : undefined;
  },
};

const source = { files: ["/r/docker/compose.yml"], repoRoot: "/r", home: "/h", environment: {} };

/** `key path` of what was not sent of a service with these fields. */
async function find(fields: object, name = "a", section = "services"): Promise<string[]> {
  const project = await readComposeProject(source, reader);
  const isListed = (path: string) => !path.endsWith("/ignored");
  const tree = { directory: "/tree", isListed, repoRoot: source.repoRoot, reader };
  const unsent = await findUnsentPaths(project, { [section]: { [name]: fields } }, tree);
  return unsent.map(({ key, path }) => `${key.replace(/^[a-z]+\./, "")} ${path}`);
}

test.each<[string, object, string[]]>([
  ["a path in the tree", { new_file: "/tree/repo/docker/here" }, ["a.new_file docker/here"]],
  ["a path in a list of mappings", { news: [{}, { path: "/tree/repo/top" }] }, ["a.news[1].path top"]],
  ["a word that Compose left as it was", { provider: { type: "./here" } }, ["a.provider.type docker/here"]],
  ["a word within a value", { news: ["type=x,from=../top:ro"] }, ["a.news[0] top"]],
  ["a dollar, which Compose doubles", { news: "./a$$b" }, ["a.news docker/a$b"]],
  ["a name with a colon", { news: "./a:b/c" }, ["a.news docker/a:b/c"]],
  [
    "what ignore rules leave out of a context",
    { new_file: "/tree/repo/docker/context/ignored" },
    ["a.new_file docker/context/ignored"],
  ],
  ["a directory of which something was sent", { new_file: "/tree/repo/docker" }, ["a.new_file docker"]],
  ["a path beside a changed file", { new_file: "/tree/compose/abc/here" }, ["a.new_file ../compose/abc/here"]],
  [
    "what is sent",
    { one: "/tree/repo/docker/sent/f", two: "./sent", three: "/tree/repo/docker/context/Dockerfile" },
    [],
  ],
  ["what is not there", { one: "./gone", two: "/tree/repo/docker/gone", three: "/tree/outside/abc/gone" }, []],
  ["paths of the parent", { one: "/var/run/docker.sock", two: "/", three: "../../../tree-2" }, []],
  ["what names no path", { one: "here", two: ".", three: "https://x/here", four: 5, five: null, six: true }, []],
  [
    "paths in a container, and free text",
    { command: ["./here"], environment: { A: "./here" }, labels: ["a=./here"] },
    [],
  ],
  ["extensions", { "x-new": { path: "./here" } }, []],
  [
    "a Dockerfile from its context",
    { build: { context: "/tree/repo/docker/context", dockerfile: "../here" } },
    ["a.build.dockerfile docker/here"],
  ],
])("%s", async (_, fields, found) => {
  expect(await find(fields)).toEqual(found);
});

test("services that are not to run are not looked at; one may be called like an extension", async () => {
  expect(await find({ new_file: "./here" }, "off")).toEqual([]);
  expect(await find({ new_file: "./here" }, "x-b")).toEqual(["x-b.new_file docker/here"]);
});

test("of the options of a volume's driver only what Compose resolved is looked at", async () => {
  const driver_opts = { sshcmd: "me@host:./here", device: "/tree/repo/docker/here" };
  expect(await find({ driver_opts }, "v", "volumes")).toEqual(["v.driver_opts.device docker/here"]);
});

test("what may not be sent is no matter of the key that names it", async () => {
  for (const file of ["out", "socket"])
    expect(await find({ file: `/tree/repo/docker/${file}` }, "unused", "secrets")).toEqual([]);
});
