import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BuildImagesOptions } from "@otto/build";
import { layBusybox, type Registry, startRegistry } from "@otto/lab";
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
  const settings = `network = "none"\nadd_hosts = ["db:10.1.2.3", "six:fe80::1"]\nshm_size = "33m"\n`;
  const check = `RUN grep -w 10.1.2.3 /etc/hosts | grep -w db && grep -w fe80::1 /etc/hosts | grep -w six
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
