import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { type BuildContext, readContext } from "@otto/context";
import { decodePath, encodePath } from "@otto/hashing";
import { packContext, packedDockerfileName } from "@otto/staging";
import { expect, onTestFinished, test } from "vitest";

const copyAll = "FROM scratch\nCOPY . /\n";

interface Case {
  readonly files: Readonly<Record<string, string>>;
  /** Below the context's parent. */
  readonly dockerfile: string;
}

function makeScratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "otto-classic-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Builds with the engine's builder that is not BuildKit; returns the image's id. */
async function buildClassic(context: BuildContext): Promise<string> {
  const query = new URLSearchParams({
    version: "1",
    q: "1",
    nocache: "1",
    dockerfile: await packedDockerfileName(context),
  });
  const call = request({
    socketPath: "/var/run/docker.sock",
    method: "POST",
    path: `/build?${query}`,
    headers: { "Content-Type": "application/x-tar" },
  });
  const answer = new Promise<string>((resolve, reject) => {
    call.once("error", reject).once("response", (response) => resolve(text(response)));
  });
  await pipeline(packContext(context), call);
  const output = await answer;
  const id = /sha256:[0-9a-f]{64}/.exec(output)?.[0];
  if (id === undefined) throw new Error(output);
  onTestFinished(() => void execFileSync("docker", ["rmi", "--force", id], { stdio: "ignore" }));
  return id;
}

/** What the image's layers hold, each file with its content. */
function listImage(id: string, directory: string): string[] {
  mkdirSync(join(directory, "image"));
  mkdirSync(join(directory, "tree"));
  execFileSync("sh", ["-c", 'docker save "$1" | tar -x -C "$2"', "sh", id, join(directory, "image")]);
  const [manifest] = JSON.parse(readFileSync(join(directory, "image/manifest.json"), "utf8")) as [{ Layers: string[] }];
  for (const layer of manifest.Layers) {
    execFileSync("tar", ["-xf", join(directory, "image", layer), "-C", join(directory, "tree")]);
  }
  return listFiles(join(directory, "tree"));
}

function listFiles(root: string, directory = ""): string[] {
  const entries = readdirSync(encodePath(join(root, directory)), { withFileTypes: true, encoding: "buffer" });
  return entries.flatMap((entry) => {
    const path = join(directory, decodePath(entry.name));
    if (entry.isDirectory()) return [`${path}/`, ...listFiles(root, path)];
    return [entry.isFile() ? `${path} = ${readFileSync(encodePath(join(root, path)), "utf8")}` : path];
  });
}

function writeCase({ files, dockerfile }: Case, directory: string): { context: string; dockerfile: string } {
  for (const [path, content] of Object.entries({ [dockerfile]: copyAll, ...files })) {
    mkdirSync(encodePath(dirname(join(directory, path))), { recursive: true });
    writeFileSync(encodePath(join(directory, path)), content);
  }
  return { context: join(directory, "context"), dockerfile: join(directory, dockerfile) };
}

const files = { "context/a": "1", "context/d/b": "2", "context/d/é": "3", "context/raw\udcff": "4" };

test.each<[string, Case]>([
  ["the Dockerfile in the context", { files, dockerfile: "context/Dockerfile" }],
  ["the Dockerfile in a directory", { files, dockerfile: "context/d/Dockerfile" }],
  ["the Dockerfile outside", { files, dockerfile: "Dockerfile" }],
  [
    "the Dockerfile outside, another inside",
    { files: { ...files, "context/Dockerfile": "x" }, dockerfile: "Dockerfile" },
  ],
  [
    "the Dockerfile and the ignore file ignored",
    { files: { ...files, "context/.dockerignore": "Dockerfile\n.dockerignore\nd" }, dockerfile: "context/Dockerfile" },
  ],
  [
    "the Dockerfile's directory ignored",
    { files: { ...files, "context/.dockerignore": "d\n.dockerignore" }, dockerfile: "context/d/Dockerfile" },
  ],
  [
    "rules that are part of the image",
    { files: { ...files, "context/.dockerignore": "a" }, dockerfile: "context/Dockerfile" },
  ],
  [
    "rules of the Dockerfile's own",
    { files: { ...files, "Dockerfile.dockerignore": "a\n" }, dockerfile: "Dockerfile" },
  ],
  [
    "all but one file ignored",
    { files: { ...files, "context/.dockerignore": "*\n!a" }, dockerfile: "context/Dockerfile" },
  ],
])("%s: the image holds the entries and nothing else", async (_name, one) => {
  const directory = makeScratch();
  const context = await readContext(writeCase(one, directory));
  const expected = context.entries.map((entry) => {
    if (entry.kind === "directory") return `${entry.path}/`;
    return `${entry.path} = ${readFileSync(encodePath(join(context.root, entry.path)), "utf8")}`;
  });
  expect(listImage(await buildClassic(context), directory).sort()).toEqual(expected.sort());
});

test("rules beside the Dockerfile win over a .dockerignore, which gets lines at its end", async () => {
  const directory = makeScratch();
  const extra = { "context/.dockerignore": "*", "context/Dockerfile.dockerignore": "d\n" };
  const context = await readContext(
    writeCase({ files: { ...files, ...extra }, dockerfile: "context/Dockerfile" }, directory),
  );
  const held = listImage(await buildClassic(context), directory);
  expect(held.map((line) => line.split(" = ")[0]).sort()).toEqual(context.entries.map(({ path }) => path).sort());
  expect(held.find((line) => line.startsWith(".dockerignore"))).toBe(
    `.dockerignore = *\n!.dockerignore\n${await packedDockerfileName(context)}\n`,
  );
});
