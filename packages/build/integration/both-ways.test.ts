import { chmod, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { readContext } from "@otto/context";
import { readRandomRun } from "@otto/lab";
import { packContext, packedDockerfileName, serveContext, servedDockerfileName } from "@otto/staging";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { type BuildRepo, createBuildRepo, listImage, onlyImage, parent } from "./local-build.js";

afterAll(() => parent[Symbol.asyncDispose]());

const { count: contexts, seed, label } = readRandomRun("OTTO_CONTEXTS", 30);

const name = fc.constantFrom("a", "b.txt", "build", "c d", "é", "x.log", ".hidden", "a, b", "*odd*");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const entry = fc.oneof(
  fc.record({ kind: fc.constant("file" as const), path, content: fc.string(), executable: fc.boolean() }),
  fc.record({ kind: fc.constant("dir" as const), path }),
  fc.record({
    kind: fc.constant("link" as const),
    path,
    target: fc.oneof(path, fc.constantFrom("../a", "/absent", ".")),
  }),
);
const ignore = fc.option(
  fc.constantFrom("*.log\n", "build\n!build/a\n", ".dockerignore\n", "Dockerfile\n", "**/a\n", "*\n!c d\n"),
);
const tree = fc.record({ entries: fc.array(entry, { maxLength: 12 }), ignore, outside: fc.boolean() });
type Tree = typeof tree extends fc.Arbitrary<infer T> ? T : never;

async function layTree(repo: BuildRepo, { entries, ignore: rules, outside }: Tree): Promise<void> {
  if (rules !== null) await repo.write("context/.dockerignore", rules);
  if (outside) await repo.write("Dockerfile", "FROM scratch\nCOPY . /\nLABEL outside=yes\n");
  for (const item of entries) await layEntry(repo, item).catch(ignoreClash);
}

async function layEntry(repo: BuildRepo, item: Tree["entries"][number]): Promise<void> {
  const place = join("context", item.path);
  if (item.kind === "dir") await mkdir(join(repo.root, place), { recursive: true });
  else if (item.kind === "link") await symlink(item.target, join(repo.root, place));
  else {
    await repo.write(place, item.content);
    if (item.executable) await chmod(join(repo.root, place), 0o755);
  }
}

/** Two random entries may want the same place; the first has it. */
function ignoreClash(error: NodeJS.ErrnoException): void {
  if (!["EEXIST", "ENOTDIR", "EISDIR", "ENOENT", "ELOOP"].includes(error.code ?? "")) throw error;
}

test(`random contexts (${label}) give the same files by session and by tar`, {
  timeout: 600_000,
}, async () => {
  let compared = 0;
  for (const sample of fc.sample(tree, { numRuns: contexts, seed })) {
    await using repo = await createBuildRepo();
    await layTree(repo, sample);
    const image = onlyImage(await repo.load());
    const dockerfile = sample.outside ? join(repo.root, "Dockerfile") : image.dockerfile;
    const context = await readContext({ context: image.context, dockerfile });
    const [byTar, bySession] = [`${repo.name}:tar`, `${repo.name}:session`];
    const labels = { "otto.repo": repo.name };
    const files = serveContext(context);
    const services = { sharedKey: repo.name, files };
    await parent.engine.buildWithSession({
      tag: bySession,
      labels,
      dockerfile: servedDockerfileName(context),
      services,
    });
    await parent.engine.buildImage(packContext(context), {
      tag: byTar,
      labels,
      dockerfile: packedDockerfileName(context),
    });
    const sessionFiles = await listImage(bySession);
    expect(await withoutRewritten(byTar, sessionFiles), JSON.stringify(sample)).toEqual(sessionFiles);
    compared += sessionFiles.length;
  }
  expect(compared).toBeGreaterThan(contexts);
});

/** The classic builder is told by `.dockerignore` what to leave out, so a copied one has further lines there. */
async function withoutRewritten(tag: string, expected: readonly string[]): Promise<string[]> {
  const isIgnoreFile = (line: string) => line.split(" ")[4] === ".dockerignore";
  const lines = await listImage(tag);
  return lines.map((line) => (isIgnoreFile(line) ? (expected.find(isIgnoreFile) ?? line) : line));
}
