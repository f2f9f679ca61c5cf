import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BuildImagesOptions, buildImages } from "@otto/build";
import { layBusybox, type Registry, readImageFile, startRegistry } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build, createBuildRepo, createShellRepo, parent } from "./local-build.js";

const execute = promisify(execFile);
let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await parent[Symbol.asyncDispose]();
});

const named = `additional_contexts = { other = "other" }\n`;

test.each([
  ["POST /build", ""],
  ["BuildKit itself", named],
])("network, hosts and shared memory reach the steps by %s", async (_, more) => {
  const settings = `network = "none"\nadd_hosts = ["db:10.1.2.3", "six:fe80::1", "b4=10.0.0.9", "b6=[fd00::1]", "c6:[fd00::2]", "gw:host-gateway", "g2=host-gateway"]\nshm_size = "33m"\n`;
  const check = `RUN grep -w 10.1.2.3 /etc/hosts | grep -w db && grep -w fe80::1 /etc/hosts | grep -w six
RUN grep -w 10.0.0.9 /etc/hosts | grep -w b4 && grep -w fd00::1 /etc/hosts | grep -w b6 && grep -w fd00::2 /etc/hosts | grep -w c6
RUN test "$(grep -w gw /etc/hosts | cut -f1)" = "$(grep -w g2 /etc/hosts | cut -f1)" && grep -w gw /etc/hosts | grep -v host-gateway
RUN df -k /dev/shm | grep -w 33792
RUN test "$(ls /sys/class/net)" = lo
`;
  await using repo = await createShellRepo(check, settings + more);
  await repo.write("other/file", "");
  expect((await build(await repo.load())).result).toMatchObject({ status: "success" });
});

/** How often the registry was asked for a manifest of `path`. */
async function countRequests(path: string): Promise<number> {
  const requests = await registry.requests();
  return requests.filter((request) => request.includes(`/v2/${path}/manifests/`)).length;
}

test("the engine looks for layers in the images of cache_from", async () => {
  await using repo = await createShellRepo("RUN true\n", `cache_from = ["${registry.host}/layers:1"]\n`);
  expect((await build(await repo.load())).result).toMatchObject({ status: "success" });
  expect(await countRequests("layers")).toBeGreaterThan(0);
});

test("a base image that is there is asked for again by pull, and only then", async () => {
  await using base = await createBuildRepo();
  await layBusybox(join(base.root, "context"));
  const { message } = (await build(await base.load())).result;
  const reference = `${registry.host}/base:1`;
  await execute("docker", ["tag", message, reference]);
  await execute("docker", ["push", "--quiet", reference]);
  await using repo = await createBuildRepo();
  await repo.write("context/Dockerfile", `FROM ${reference}\nCOPY . /more/\n`);
  const loaded = await repo.load();
  const before = await countRequests("base");
  expect((await build(loaded)).result).toMatchObject({ status: "success" });
  expect(await countRequests("base")).toBe(before);
  expect((await build(loaded, { rebuild: true, pull: true })).result).toMatchObject({ status: "success" });
  expect(await countRequests("base")).toBeGreaterThan(before);
});

test.each([
  ["labels", `labels = { team = "red" }\n`, `labels = { team = "blue" }\n`],
  ["network", `network = "none"\n`, `network = "host"\n`],
  ["add_hosts", `add_hosts = ["db:10.0.0.1"]\n`, `add_hosts = ["db:10.0.0.2"]\n`],
  ["shm_size", `shm_size = "33m"\n`, `shm_size = "34m"\n`],
  ["mtime", "", `mtime = "preserve"\n`],
])("an image is built again when its %s change", async (_, before, after) => {
  const steps = "RUN ls /sys/class/net >/network; cat /etc/hosts >/names; df -k /dev/shm >/memory\n";
  await using repo = await createShellRepo(steps, before);
  const first = (await build(await repo.load())).result;
  const settings = (await readFile(join(repo.root, ".otto/settings.toml"), "utf8")).replace(before, "");
  await repo.write(".otto/settings.toml", `${settings}${after}`);
  const second = (await build(await repo.load())).result;
  expect(second).toMatchObject({ status: "success" });
  expect(second.message).not.toBe(first.message);
});

test.each([
  ["POST /build", ""],
  ["BuildKit itself", named],
])("without the cache, steps run again by %s", async (_, more) => {
  await using repo = await createShellRepo("RUN cat /proc/sys/kernel/random/uuid >/id\n", more);
  await repo.write("other/file", "");
  const loaded = await repo.load();
  const layersOf = async (options: BuildImagesOptions) => {
    const { message } = (await build(loaded, options)).result;
    return (await execute("docker", ["image", "inspect", "--format", "{{.RootFS.Layers}}", message])).stdout;
  };
  const first = await layersOf({});
  expect(await layersOf({ rebuild: true })).toBe(first);
  expect(await layersOf({ noCache: true })).not.toBe(first);
});

test("a host that docker build takes has the same address there", async () => {
  const hosts = ["db=10.0.0.1", "b6=[fd00::1]", "gw:host-gateway"];
  const step = "RUN grep -wE 'db|b6|gw' /etc/hosts | sort >/names\n";
  const namesOf = (image: string) => readImageFile(image, "/names");
  await using repo = await createShellRepo(step, `add_hosts = ${JSON.stringify(hosts)}\n`);
  const { message } = (await build(await repo.load())).result;
  const own = `${repo.name}:own`;
  const flags = hosts.flatMap((host) => ["--add-host", host]);
  const labels = ["--label", `otto.repo=${repo.name}`];
  await execute("docker", [
    "build",
    "--no-cache",
    "--quiet",
    ...flags,
    ...labels,
    "-t",
    own,
    join(repo.root, "context"),
  ]);
  expect(await namesOf(message)).toBe(await namesOf(own));
  expect((await namesOf(own)).trim().split("\n")).toHaveLength(3);
});

test("a Dockerfile that is called dockerfile is found where docker build finds it", async () => {
  await using repo = await createBuildRepo();
  await repo.write("context/dockerfile", "FROM scratch\nCOPY . /\n");
  await rm(join(repo.root, "context/Dockerfile"));
  expect(await buildImages(await repo.load(), parent)).toMatchObject({ api: { status: "success" } });
  await execute("docker", [
    "build",
    "--quiet",
    "-f",
    join(repo.root, "context/Dockerfile"),
    join(repo.root, "context"),
  ]);
});

test("an additional context that is missing is named by its key", async () => {
  await using repo = await createBuildRepo(`additional_contexts = { other = "gone" }\n`);
  expect((await build(await repo.load())).result).toMatchObject({
    error: {
      code: "CONTEXT_NOT_FOUND",
      message: expect.stringContaining("other"),
      hint: expect.stringContaining("`additional_contexts.other`"),
    },
  });
});
