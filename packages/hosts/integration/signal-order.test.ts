import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { promisify } from "node:util";
import { createLocalParent, DockerContainerHost } from "@otto/hosts";
import type { TestImage } from "@otto/lab";
import { afterAll, beforeAll, describe, test } from "vitest";
import { runLabelled } from "./labelled-container.js";
import { createShellImage } from "./shell-images.js";

const execute = promisify(execFile);
const shells = ["busybox", "dash", "bash"] as const;
const docker = { command: ["docker"], stagingRoot: undefined };
const parent = createLocalParent({ id: "local", docker, socketPath: undefined, env: process.env });

afterAll(() => parent[Symbol.asyncDispose]());

/*
 * In a fresh container process ids are short. Those of the children here have three digits, that of their shell has one or
 * two: sorted as text, as a shell sorts the names in /proc, the children come first. There are many, so that a shell whose
 * first child has got its signal has long gone on when it is its turn.
 */
const children = `
while :; do pid=$(exec sh -c 'echo $$'); [ "$pid" -lt 99 ] || break; done
sleep 600 & first=$!
for _ in $(seq 60); do sleep 600 & done
echo on
`;

describe.concurrent.each(shells)(
  "in an image with %s, where children have ids that sort before their shell's",
  (shell) => {
    let image: TestImage;

    beforeAll(async () => {
      image = await createShellImage(shell);
    });

    afterAll(() => image[Symbol.asyncDispose]());

    /** A host whose processes have short ids. */
    async function startFresh() {
      const names = { project: `otto-order-${randomBytes(4).toString("hex")}`, service: "api" };
      const container = await runLabelled({ image: image.tag, ...names });
      const host = new DockerContainerHost({ id: "local.r.api", ...names, replica: 1, engine: parent.engine });
      const count = async () => {
        const { stdout } = await execute("docker", ["top", container.id, "-o", "pid,args"]);
        return stdout.split("\n").filter((line) => line.endsWith("sleep 600")).length;
      };
      return {
        host,
        count,
        read: async (path: string) => (await execute("docker", ["exec", container.id, "cat", path])).stdout,
        async [Symbol.asyncDispose]() {
          await host[Symbol.asyncDispose]();
          await container[Symbol.asyncDispose]();
        },
      };
    }

    test("an aborted process cleans up", async ({ expect }) => {
      await using fresh = await startFresh();
      const controller = new AbortController();
      const script = `trap 'echo yes >/cleaned; exit' TERM; ${children} wait "$first"`;
      const started = await fresh.host.spawn(["sh", "-c", script], { signal: controller.signal });
      await once(started.stdout, "data");
      await expect.poll(fresh.count, { timeout: 20_000 }).toBe(61);
      controller.abort(new Error("enough"));
      await expect(started.exit).rejects.toThrow("enough");
      await expect.poll(() => fresh.read("/cleaned").catch(() => ""), { timeout: 10_000 }).toBe("yes\n");
      await expect.poll(fresh.count, { timeout: 10_000 }).toBe(0);
    });

    test("of an aborted command no child is left", async ({ expect }) => {
      await using fresh = await startFresh();
      const controller = new AbortController();
      const running = fresh.host.exec(`${children} wait "$first"`, { signal: controller.signal });
      await expect.poll(fresh.count, { timeout: 20_000 }).toBe(61);
      controller.abort(new Error("enough"));
      await expect(running).rejects.toThrow("enough");
      await expect.poll(fresh.count, { timeout: 10_000 }).toBe(0);
    });
  },
);
