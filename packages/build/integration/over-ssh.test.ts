import { randomBytes } from "node:crypto";
import { buildImages } from "@otto/build";
import { createSshParent, type Parent } from "@otto/hosts";
import { type Lab, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createBuildRepo } from "./local-build.js";

let lab: Lab<"parent">;
let parent: Parent;

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: { proxy: {} } } });
  const { address, port, user, privateKeyPath, fingerprint } = lab.hosts.parent;
  const credentials = [{ username: user, privateKeys: [{ path: privateKeyPath }] }] as const;
  const endpoint = { name: "parent", host: address, port, credentials, hostKey: { pin: fingerprint } };
  const docker = { command: ["docker"], stagingRoot: undefined };
  parent = createSshParent({ id: "parent", route: [endpoint], docker, socketPath: undefined });
});

afterAll(async () => {
  await parent[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

test("a link that is cut during the upload is a clear error, and the next build works", async () => {
  await using repo = await createBuildRepo();
  await repo.write("context/noise", randomBytes(20_000_000));
  const loaded = await repo.load();
  const cut = lab.hosts.parent.proxy?.cutAfter(5_000_000);
  const first = await buildImages(loaded, parent);
  await cut;
  expect(first).toMatchObject({
    api: { status: "failed", error: { code: expect.stringMatching(/^(SSH|ENGINE|BUILDKIT)_/) } },
  });
  expect(await parent.engine.inspectImage(`${repo.name}-api:latest`)).toBeUndefined();
  expect(await buildImages(loaded, parent)).toMatchObject({ api: { status: "success" } });
});

test("an unchanged image costs one connection and less than 8 KB", async () => {
  await using repo = await createBuildRepo();
  await repo.write("context/noise", randomBytes(2_000_000));
  const loaded = await repo.load();
  await buildImages(loaded, parent);
  const proxy = lab.hosts.parent.proxy;
  const before = { up: proxy?.bytes.up ?? 0, connections: proxy?.connections };
  expect(await buildImages(loaded, parent)).toMatchObject({ api: { status: "skipped" } });
  expect((proxy?.bytes.up ?? 0) - before.up).toBeLessThan(8192);
  expect(proxy?.connections).toBe(before.connections);
});
