import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { buildImages, contextHash, formatBuildStep, planBuild } from "@otto/build";
import { type DockerImage, loadRepo, type Repo } from "@otto/config";
import { createRandom, type ImageEntry, readImage, readRandomRun, readTar } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { onlyImage, parent, removeImages } from "./local-build.js";
import { drawCase, drawTree, editTree, type Random, type ReachCase } from "./reach-cases.js";

const run = readRandomRun("OTTO_CASES", 12);
const editsOfOne = 4;
// Docker's client spends more on a build than the engine does.
const atOnce = 4;
let work: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "otto-reach-"));
  await mkdir(join(work, "tools"));
  await copyFile("/bin/busybox", join(work, "tools/busybox"));
});
afterAll(async () => {
  await rm(work, { recursive: true });
  await parent[Symbol.asyncDispose]();
});

/**
 * A repo for a case. Its directories have names of their own: docker's client takes a file for unchanged that has the
 * name, size and time of one in another directory of the same name.
 */
async function layRepo(random: Random, drawn: ReachCase): Promise<Repo> {
  const id = randomBytes(6).toString("hex");
  const root = join(work, id);
  await mkdir(join(root, ".otto"), { recursive: true });
  for (const directory of [`context-${id}`, `shared-${id}`]) {
    await mkdir(join(root, directory));
    await drawTree(random, join(root, directory));
  }
  const context = `context-${id}`;
  await writeFile(join(root, context, "Dockerfile"), drawn.dockerfile);
  if (drawn.ignoreFile !== undefined) await writeFile(join(root, context, ".dockerignore"), drawn.ignoreFile);
  const settings = [
    `name = "reach${id}"\nversion = "1"\n[[docker.images]]\nname = "api"`,
    `context = "${context}"\ndockerfile = "${context}/Dockerfile"\nadditional_contexts = { shared = "shared-${id}", tools = "../tools" }`,
    ...(drawn.target === undefined ? [] : [`target = "${drawn.target}"`]),
    ...Object.entries(drawn.buildArgs).map(([name, value]) => `build_args.${name} = "${value}"`),
  ];
  await writeFile(join(root, ".otto/settings.toml"), settings.join("\n"));
  return loadRepo(root, { home: root });
}

/** What docker builds, without its cache: every entry, its modes as otto gives them; undefined where it refuses. */
async function buildReference({ context, dockerfile, target, buildArgs, additionalContexts }: DockerImage) {
  const words = [
    ...["buildx", "build", "--builder", "default", "--no-cache", "--quiet", "--output", "type=tar,dest=-"],
    ...["--file", dockerfile, ...(target === undefined ? [] : ["--target", target])],
    ...Object.entries(buildArgs).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ...Object.entries(additionalContexts).flatMap(([name, path]) => ["--build-context", `${name}=${path}`]),
  ];
  const build = spawn("docker", [...words, context], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => build.once("close", resolve));
  const said = text(build.stderr);
  const entries = await readTar(build.stdout);
  if ((await ended) === 0) return listEntries(entries);
  expect(await said).toMatch(/not found|failed to|no such file|dockerfile parse error|not a directory|too many links/i);
  return undefined;
}

/** A `RUN` leaves them behind, which one of both outputs has. */
const runtimeDirectories: ReadonlySet<string> = new Set(["dev", "proc", "sys"]);

function listEntries(entries: readonly ImageEntry[]): string {
  const own = entries.filter(({ header: { name } }) => !runtimeDirectories.has(name.replace(/\/$/, "")));
  const lines = own.map(({ header: { name, type, mode, uid, gid, linkname }, digest }) => {
    const kind = type === "file" && (mode & 0o100) !== 0 ? "executable" : type;
    return [kind, uid, gid, name.replace(/\/$/, ""), linkname ?? "", digest].join(" ");
  });
  return lines.sort().join("\n");
}

async function buildOurs(repo: Repo): Promise<string | undefined> {
  // As the reference: an engine may take from its cache what it refuses to make.
  const { api } = await buildImages(repo, parent, { noCache: true });
  if (api === undefined || api.status === "failed") {
    expect(api).toMatchObject({ error: { code: "ENGINE_BUILD_FAILED" } });
    return undefined;
  }
  // The build asked for nothing beyond what the hash covers.
  expect(api.hash).toBe(await contextHash(onlyImage(repo)));
  return listEntries(await readImage(api.tag));
}

interface Built {
  readonly hash: string;
  readonly image: string | undefined;
}

/** @param isExact whether the hash must stay with the image: a link may come to lead to what is in the image anyhow */
function judge(before: Built, after: Built, isExact: boolean): string {
  const isSameHash = before.hash === after.hash;
  if (before.image === undefined && after.image === undefined) return "refused";
  if (before.image !== after.image) return isSameHash ? "fault: the image changed, the hash did not" : "changed";
  if (isSameHash) return "kept";
  return isExact ? "fault: the hash changed, the image did not" : "changed alone";
}

const isOfFile = (edit: string) => /^(write|chmod|touch|nothing|new file|remove file) /.test(edit);

type Count = Record<string, number>;

/** The edits that said something: an image that docker refuses before and after has none to compare. */
function compared(count: Count): number {
  const { refused = 0 } = count;
  return Object.values(count).reduce((sum, one) => sum + one, -refused);
}

/** A Dockerfile, a tree and edits of it. */
async function compareOne(seed: number, count: Count): Promise<void> {
  const random = createRandom(seed);
  const drawn = drawCase(random);
  const repo = await layRepo(random, drawn);
  const image = onlyImage(repo);
  const build = async () => ({ hash: await contextHash(image), image: await buildReference(image) });
  const history: string[] = [];
  const explain = (what: string) =>
    `${what}, with seed ${seed}:\n${drawn.dockerfile}${JSON.stringify(drawn)}\n${history.join("\n")}`;
  const [step] = await planBuild(repo, parent);
  const isKnown = step?.do !== "fail" && step !== undefined && !formatBuildStep(step).includes("any change");
  let before = await build();
  for (let edit = 0; edit < editsOfOne; edit++) {
    const edited = random(5) === 0 ? image.additionalContexts.shared : image.context;
    history.push(await editTree(random, edited ?? image.context));
    const after = await build();
    const verdict = judge(before, after, isKnown && isOfFile(history.at(-1) ?? ""));
    expect(verdict, explain(verdict)).not.toMatch(/^fault/);
    count[verdict] = (count[verdict] ?? 0) + 1;
    // Most likely it is refused for what no edit changes.
    if (verdict === "refused") break;
    before = after;
  }
  expect(await buildOurs(repo), explain("otto builds another image")).toBe(before.image);
  await removeImages(repo.name);
  await rm(repo.root, { recursive: true });
}

test(`an edit changes the hash if and only if it changes the image (${run.label})`, async ({ annotate }) => {
  const count: Count = {};
  let next = run.seed;
  const work = async () => {
    while (compared(count) < run.count || count.changed === undefined) await compareOne(next++, count);
  };
  // All of them, for a failure removes what the others work with.
  const settled = await Promise.allSettled(Array.from({ length: atOnce }, work));
  const faults = settled.flatMap((worker) => (worker.status === "rejected" ? [String(worker.reason)] : []));
  expect(faults).toEqual([]);
  await annotate(JSON.stringify(count));
});
