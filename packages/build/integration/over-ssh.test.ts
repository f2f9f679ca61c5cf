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

const builders = {
  "a session": () => parent,
  "a tar": () => ({ ...parent, engine: { ...parent.engine, hasBuildKit: async () => false } }),
};

test.each(Object.entries(builders))(
  "a link that is cut anywhere in a build from %s is told as that, and the next build works",
  async (_, open) => {
    const builder = open();
    const { proxy } = lab.hosts.parent;
    await using repo = await createBuildRepo();
    const load = async () => {
      await repo.write("context/noise", randomBytes(200_000));
      return repo.load();
    };
    for (const bytes of [20_000, 60_000, 120_000, 180_000, 200_000]) {
      const loaded = await load();
      const cut = proxy?.cutAfter(bytes);
      const first = await buildImages(loaded, builder);
      await cut;
      expect(first, `${bytes}`).toMatchObject({ api: { status: "failed", error: { code: "SSH_CONNECTION_LOST" } } });
      expect(await parent.engine.inspectImage(`${repo.name}-api:latest`)).toBeUndefined();
      const again = await buildImages(loaded, builder);
      expect(again, `${bytes}`).toMatchObject({ api: { status: "success" } });
      for (const tag of [again.api?.message ?? "", `${repo.name}-api:latest`]) await parent.engine.removeImage(tag);
    }
  },
);

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
