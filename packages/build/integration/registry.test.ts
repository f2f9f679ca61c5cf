import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BuildEvent, hashLabel, planBuild } from "@otto/build";
import type { Repo } from "@otto/config";
import { type Registry, startRegistry } from "@otto/lab";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { build, createBuildRepo, parent } from "./local-build.js";

const execute = promisify(execFile);
const docker = async (...args: string[]) => (await execute("docker", args)).stdout.trim();

let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await parent[Symbol.asyncDispose]();
});

const at = (host: string, settings = "") => `${settings}[docker]\nregistry_url = "${host}"\n`;

function record() {
  const events: BuildEvent[] = [];
  const of = <T extends BuildEvent["type"]>(type: T) =>
    events.filter((event): event is Extract<BuildEvent, { type: T }> => event.type === type);
  return { of, onEvent: (event: BuildEvent) => void events.push(event) };
}

/** The tag that the only image of a repo has by its inputs. */
async function tagOf(repo: Repo): Promise<string> {
  const [step] = await planBuild(repo, parent);
  if (step === undefined || step.do === "fail") throw new Error("the image is planned");
  return step.tag;
}

/** Puts an image that other inputs made under `tag` on the engine. */
async function tagForeign(tag: string): Promise<string> {
  const importing = execute("sh", ["-c", 'tar -C /etc -c hostname | docker import - "$1"', "sh", tag]);
  const id = (await importing).stdout.trim();
  onTestFinished(async () => void (await docker("image", "rm", "--force", id).catch(() => {})));
  return id;
}

async function pushForeign(tag: string): Promise<void> {
  await tagForeign(tag);
  await docker("push", tag);
  await docker("image", "rm", tag);
}

const latestOf = (tag: string) => tag.replace(/:[^:]*$/, ":latest");

async function forget(tag: string): Promise<void> {
  await docker("image", "rm", tag, latestOf(tag));
}

test("an image that the registry lacks is built within the call, and pulled where it is missing later", async () => {
  await using repo = await createBuildRepo(at(registry.host));
  const loaded = await repo.load();
  const first = record();
  const built = (await build(loaded, { push: true, onEvent: first.onEvent })).result;
  expect(built).toMatchObject({ status: "success", source: "built", pushed: true });
  expect(first.of("build.warning")).toEqual([]);
  await forget(built.message);
  const second = record();
  const pulled = (await build(loaded, { onEvent: second.onEvent })).result;
  expect(pulled).toMatchObject({ status: "skipped", source: "pulled", pushed: false, message: built.message });
  expect(second.of("build.started")).toEqual([]);
  expect(second.of("registry.done")).toMatchObject([{ action: "pull", tag: built.message }]);
  const [tagged, latest] = [built.message, latestOf(built.message)].map((tag) => parent.engine.inspectImage(tag));
  expect((await latest)?.id).toBe((await tagged)?.id);
});

test("a push brings both tags, and a layer that is there is not sent again", async () => {
  await using repo = await createBuildRepo(at(registry.host, "push = true\n"));
  await repo.write("context/data", Buffer.alloc(300_000, "a"));
  const loaded = await repo.load();
  const first = record();
  const { message } = (await build(loaded, first)).result;
  expect(first.of("registry.done").filter(({ action }) => action === "push")).toMatchObject([
    { tag: message, transferred: 1, existing: 0, digest: expect.stringMatching(/^sha256:/) },
    { tag: latestOf(message), transferred: 0, existing: 1 },
  ]);
  expect(first.of("registry.bytes").at(-1)).toMatchObject({ action: "push", bytes: expect.any(Number) });
  const uploads = async () =>
    (await registry.requests()).filter((request) => request.includes(`${loaded.name}-api/blobs/uploads/`));
  const before = (await uploads()).length;
  expect(before).toBeGreaterThan(0);
  const second = record();
  expect((await build(loaded, second)).result).toMatchObject({ status: "skipped", source: "present", pushed: true });
  expect(second.of("registry.layer").map(({ state }) => state)).toEqual(["existing", "existing"]);
  expect(await uploads()).toHaveLength(before);
});

test("an image of other inputs in the registry is refused, built anew, and not left when the build fails", async () => {
  await using repo = await createBuildRepo(at(registry.host));
  const good = await repo.load();
  const tag = await tagOf(good);
  await pushForeign(tag);
  const told = record();
  expect((await build(good, told)).result).toMatchObject({ status: "success", source: "built", message: tag });
  expect(told.of("build.warning")).toMatchObject([{ code: "BUILD_IMAGE_FOREIGN", image: "api" }]);
  expect((await parent.engine.inspectImage(tag))?.labels[hashLabel]).toMatch(/^[0-9a-f]{64}$/);

  await repo.write("context/Dockerfile", "FROM scratch\nCOPY absent /\n");
  const bad = await repo.load();
  const badTag = await tagOf(bad);
  await pushForeign(badTag);
  expect((await build(bad)).result.status).toBe("failed");
  expect(await parent.engine.inspectImage(badTag)).toBeUndefined();
});

test("an image of the same inputs for another machine is refused, unless the settings ask for it", async () => {
  await using repo = await createBuildRepo(at(registry.host));
  const loaded = await repo.load();
  const [step] = await planBuild(loaded, parent);
  if (step?.do !== "pull") throw new Error("the image is planned");
  const label = `${hashLabel}=${step.wanted.context.hash}`;
  const context = join(repo.root, "context");
  await docker("build", "--quiet", "--platform", "linux/s390x", "--label", label, "--tag", step.tag, context);
  await docker("push", step.tag);
  await docker("image", "rm", step.tag);
  const told = record();
  expect((await build(loaded, told)).result).toMatchObject({ status: "success", source: "built" });
  expect(told.of("build.warning")).toMatchObject([{ message: expect.stringContaining("is for s390x") }]);

  await using other = await createBuildRepo(at(registry.host, `platform = "linux/s390x"\n`));
  const asked = await other.load();
  const built = (await build(asked, { push: true })).result;
  await forget(built.message);
  expect((await build(asked)).result).toMatchObject({ source: "pulled" });
});

test("an image of other inputs on the parent is built anew with a warning", async () => {
  await using repo = await createBuildRepo();
  const loaded = await repo.load();
  const tag = await tagOf(loaded);
  const foreign = await tagForeign(tag);
  const told = record();
  expect((await build(loaded, told)).result).toMatchObject({ status: "success", source: "built" });
  expect(told.of("build.warning")).toMatchObject([{ code: "BUILD_IMAGE_FOREIGN" }]);
  expect((await parent.engine.inspectImage(tag))?.id).not.toBe(foreign);
});

test("with a registry that does not answer, a build goes on with a warning and a push fails its image only", async () => {
  // Where nothing listens: a port below 1024 is nobody's by chance.
  const gone = "127.0.0.1:1";
  const more = `push = true\n[[docker.images]]\nname = "local"\ncontext = "context"\ndockerfile = "context/Dockerfile"\n`;
  await using repo = await createBuildRepo(at(gone, more));
  const told = record();
  const { result } = await build(await repo.load(), told);
  expect(result).toMatchObject({ status: "failed", error: { code: expect.stringMatching(/^ENGINE_/) } });
  expect(result.message).toContain("connection refused");
  const warnings = told.of("build.warning").map(({ image, code }) => `${image} ${code}`);
  expect(warnings.sort()).toEqual(["api BUILD_PULL_FAILED", "local BUILD_PULL_FAILED"]);
  const [local] = told.of("build.finished").filter(({ image }) => image === "local");
  expect(local?.result).toMatchObject({ status: "success", source: "built", pushed: false });
});

test("a registry without TLS: the hint is what lets the engine use it, and no login", async () => {
  // The engine trusts what it knows as this machine's loopback; this is another name for it.
  const place = registry.host.replace("127.0.0.1", "0.0.0.0");
  await using repo = await createBuildRepo(at(place));
  const cure = `"insecure-registries": ["${place}"]`;
  const told = record();
  const { result } = await build(await repo.load(), { push: true, onEvent: told.onEvent });
  expect(result).toMatchObject({ error: { code: "ENGINE_PUSH_FAILED", hint: expect.stringContaining(cure) } });
  expect(told.of("build.warning")).toMatchObject([{ message: expect.stringContaining(cure) }]);
  expect(told.of("build.started")).toMatchObject([{ cause: expect.stringContaining("the registry cannot be asked") }]);
  await repo.write("context/Dockerfile", `FROM ${place}/base\n`);
  const based = (await build(await repo.load())).result;
  expect(based).toMatchObject({ error: { code: "ENGINE_BUILD_FAILED", hint: expect.stringContaining(cure) } });
});

test("a registry that dies in a push is told while the engine tries again", async () => {
  const dying = createHttpServer((request, response) => {
    if (request.url === "/v2/") response.end("{}");
    else request.destroy();
  });
  await once(dying.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void dying.close());
  await using repo = await createBuildRepo(at(`127.0.0.1:${(dying.address() as AddressInfo).port}`));
  const controller = new AbortController();
  const retries: BuildEvent[] = [];
  const onEvent = (event: BuildEvent) => {
    if (event.type !== "registry.retrying") return;
    retries.push(event);
    controller.abort();
  };
  const loaded = await repo.load();
  const building = build(loaded, { push: true, signal: controller.signal, onEvent });
  await expect(building).rejects.toMatchObject({ name: "AbortError" });
  expect(retries[0]).toMatchObject({ action: "push", image: "api", layer: expect.any(String), afterSeconds: 5 });
});

test("a push without a registry is refused before anything is built", async () => {
  await using repo = await createBuildRepo();
  const told = record();
  const { result } = await build(await repo.load(), { push: true, onEvent: told.onEvent });
  expect(result).toMatchObject({ status: "failed", error: { code: "BUILD_NO_REGISTRY" } });
  expect(told.of("build.started")).toEqual([]);
});

test("an abort ends a pull from a registry that never answers, and nothing is built", async () => {
  const silent = createServer((socket) => socket.on("error", () => {}));
  await once(silent.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void silent.close());
  await using repo = await createBuildRepo(at(`127.0.0.1:${(silent.address() as AddressInfo).port}`));
  const loaded = await repo.load();
  const controller = new AbortController();
  const asked = once(silent, "connection");
  const told = record();
  const building = build(loaded, { signal: controller.signal, onEvent: told.onEvent });
  await asked;
  controller.abort();
  await expect(building).rejects.toMatchObject({ name: "AbortError" });
  expect(told.of("build.started")).toEqual([]);
});
