import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { DockerContainerHost, type Parent, type WaitCondition } from "@otto/hosts";
import { createBusyboxImage, type Lab, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectParent } from "./conformance-parents.js";
import { runLabelled } from "./labelled-container.js";

const execute = promisify(execFile);
const id = randomBytes(4).toString("hex");
const image = `otto-wait-${id}:1`;
const cleanUps: (() => PromiseLike<unknown>)[] = [];
let lab: Lab<"open" | "closed">;
const parents: Record<string, Parent> = {};

// Nothing that can be waited for is there before somebody makes /go.
const servers = `until [ -e /go ]; do usleep 50000; done
touch /well; nc -ll -p 80 -e cat & httpd -p 81 -h /etc & httpd -p 127.0.0.1:82 -h /etc; echo "ready at last"; wait`;
const health = ["--health-cmd", "test -e /well", "--health-interval", "200ms", "--health-retries", "1"];

beforeAll(async () => {
  const busybox = await createBusyboxImage(image);
  cleanUps.push(() => busybox[Symbol.asyncDispose]());
  lab = await startLab({ hosts: { open: {}, closed: { allowTcpForwarding: false } } });
  cleanUps.push(() => lab[Symbol.asyncDispose]());
  for (const name of ["open", "closed"] as const) {
    const parent = connectParent(lab, name);
    parents[name] = parent;
    cleanUps.push(() => parent[Symbol.asyncDispose]());
  }
});

afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

async function start(name: string, flags: readonly string[] = health) {
  const project = `otto-wait-${randomBytes(4).toString("hex")}`;
  const container = await runLabelled({ image, project, service: "api", flags }, "sh", "-c", servers);
  cleanUps.push(() => container[Symbol.asyncDispose]());
  const parent = parents[name] as Parent;
  const host = new DockerContainerHost({
    ...{ id: `${name}.r.api`, service: "api", project, replica: 1, engine: parent.engine, parent },
  });
  cleanUps.push(() => host[Symbol.asyncDispose]());
  return { host, container: container.id };
}

const conditions: readonly WaitCondition[] = [
  { log: /^ready .* last$/ },
  { port: 80 },
  // On its loopback alone, which a program in the container reaches.
  { port: 82 },
  { http: { port: 81, path: "/hostname" } },
  { http: { port: 81, path: "/nowhere", status: 404 } },
  { healthy: true },
];

test.each(["open", "closed"])("on the parent %s, each condition is waited for until it holds", async (name) => {
  const { host, container } = await start(name);
  const held: number[] = [];
  const waits = conditions.map(async (condition, at) => {
    const line = await host.waitFor(condition, 60_000);
    held.push(at);
    return line?.text;
  });
  const late = await Promise.allSettled(conditions.map((condition) => host.waitFor(condition, 1500)));
  expect(late.map((one) => (one.status === "rejected" ? one.reason.code : "held"))).toEqual(
    conditions.map(() => "HOST_WAIT_TIMEOUT"),
  );
  expect(held).toEqual([]);
  await execute("docker", ["exec", container, "touch", "/go"]);
  expect(await Promise.all(waits)).toEqual(["ready at last", ...conditions.slice(1).map(() => undefined)]);
  // What holds already is not waited for.
  await host.waitFor({ log: "at last" }, 20_000);
  await expect(host.waitFor({ http: { port: 81, path: "/nowhere" } }, 1500)).rejects.toMatchObject({
    code: "HOST_WAIT_TIMEOUT",
    message: expect.stringContaining("it answers with status 404"),
  });
  await expect(host.waitFor({ http: { port: 80 } }, 1500)).rejects.toMatchObject({ code: "HOST_WAIT_TIMEOUT" });
});

test("a container that is started again is waited for, and what it wrote before does not count with since", async () => {
  const { host, container } = await start("open", []);
  await execute("docker", ["exec", container, "touch", "/go"]);
  await host.waitFor({ log: "ready" });
  await execute("docker", ["stop", "-t", "0", container]);
  const [line] = await Promise.all([
    host.waitFor({ log: "ready", since: new Date() }),
    host.waitFor({ port: 80 }),
    execute("docker", ["start", container]),
  ]);
  expect(line.text).toBe("ready at last");
  await expect(host.waitFor({ healthy: true })).rejects.toMatchObject({ code: "HOST_NO_HEALTHCHECK" });
});

test("an abort and a closed host end a wait with their own reason", async () => {
  const { host } = await start("open");
  const own = new Error("the caller's own");
  const ending = new AbortController();
  const waits = conditions.map((condition) => host.waitFor(condition, { signal: ending.signal }));
  setImmediate(() => ending.abort(own));
  for (const wait of waits) await expect(wait).rejects.toBe(own);
});
