import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ComposeUpOptions, composeUp } from "@otto/docker";
import { isOttoError, type OttoError } from "@otto/errors";
import { type Lab as RunningLab, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createStackRepo, left, nothing } from "./stack-lab.js";

let running: RunningLab<"parent">;
let taken: Server;
let port = 0;

beforeAll(async () => {
  running = await startLab({ hosts: { parent: {} } });
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const address = taken.address();
  port = typeof address === "object" ? (address?.port ?? 0) : 0;
});

afterAll(async () => {
  taken.close();
  await running[Symbol.asyncDispose]();
});

interface Failed {
  readonly error: OttoError;
  readonly project: string;
}

/** Brings a stack up that fails, and sees that nothing of it is left. */
async function fail(services: string, options: ComposeUpOptions = {}): Promise<Failed> {
  const home = await mkdtemp(join(tmpdir(), "otto-home-"));
  await using stack = await createStackRepo(`services:\n${services.replaceAll("$PORT", String(port))}`, running);
  const { lab, repo } = await stack.open(home);
  await using _ = lab;
  const error: unknown = await composeUp(repo, lab, options).catch((thrown: unknown) => thrown);
  await rm(home, { recursive: true });
  if (!isOttoError(error)) throw new Error("it is up, or failed otherwise", { cause: error });
  expect(await left(stack.project)).toEqual(nothing);
  return { error, project: stack.project };
}

/** The health check keeps it from being up before it ends, however busy the machine is. */
const say = (script: string) =>
  `command: ["sh", "-c", "${script}"], healthcheck: { test: ["CMD", "true"], interval: 60s }`;
const probe = (test: string, more = "retries: 2") => `healthcheck: { test: ${test}, interval: 300ms, ${more} }`;

interface Case {
  readonly services: string;
  readonly code: string;
  /** Each is found in a line of the message, in this order. */
  readonly lines: readonly RegExp[];
  /** Undefined: no hint of its cause. */
  readonly hint: RegExp | undefined;
  readonly options?: ComposeUpOptions;
}

// An engine on a busy machine loses what a program says that ends at once.
const cases: Readonly<Record<string, Case>> = {
  "exits with a code": {
    services: `  a: { image: "$IMAGE", ${say("echo why; sleep 0.2; exit 3")} }`,
    code: "COMPOSE_SERVICE_FAILED",
    lines: [
      /^the service a on parent is not up: it exited with 3$/,
      /^ {2}a: exited \(3\)$/,
      /last log lines:/,
      /\| why$/,
    ],
    hint: undefined,
  },
  "crashes again and again": {
    services: `  a: { image: "$IMAGE", restart: always, ${say("echo why; sleep 0.2; exit 1")} }`,
    code: "COMPOSE_SERVICE_FAILED",
    lines: [/: it ended \d+ times and was started again/, /^ {2}a: .*restarted \d+ times/, /\| why$/],
    hint: undefined,
    options: { readyTimeoutMs: 12_000 },
  },
  // Of a first process that is killed, the engine does not always see why.
  "is killed for its memory": {
    services: `  a: { image: "$IMAGE", mem_limit: 48m, ${say("tail -c 500m /dev/zero; code=$$?; sleep 1; exit $$code")} }`,
    code: "COMPOSE_SERVICE_FAILED",
    lines: [/: it exited with 137 \(out of memory, its limit is 48 MiB\)$/, /^ {2}a: exited \(137\), out of memory/],
    hint: /^Raise its memory limit, now 48 MiB/,
  },
  "is killed by a signal": {
    services: `  a: { image: "$IMAGE", init: true, ${say("sleep 0.3; kill -SEGV $$$$")} }`,
    code: "COMPOSE_SERVICE_FAILED",
    lines: [/: it exited with 139 \(killed by SIGSEGV\)$/],
    hint: undefined,
  },
  "names a command that is not in the image": {
    services: '  a: { image: "$IMAGE", command: ["/no-such"] }',
    code: "COMPOSE_UP_FAILED",
    lines: [
      /: a: the engine cannot start it: exec: "\/no-such": stat \/no-such: no such file or directory$/,
      /^ {2}a: created, exec/,
    ],
    hint: /^The image \S+ has no program \/no-such: correct `command` or `entrypoint`/,
  },
  "runs a script whose command is not in the image": {
    services: `  a: { image: "$IMAGE", ${say("sleep 0.2; gunicorn")} }`,
    code: "COMPOSE_SERVICE_FAILED",
    lines: [/: it exited with 127 \(command not found\)$/, /\| sh: gunicorn: not found$/],
    hint: /^The image \S+ has no program gunicorn: /,
  },
  "names a command that cannot be executed": {
    services: '  a: { image: "$IMAGE", command: ["/tmp"] }',
    code: "COMPOSE_UP_FAILED",
    lines: [/: a: the engine cannot start it: exec: "\/tmp": is a directory/],
    hint: /^\/tmp cannot be executed in the image /,
  },
  "publishes a port that is taken": {
    services:
      '  a: { image: "$IMAGE", init: true, ports: ["127.0.0.1:$PORT:80"] }\n  b: { image: "$IMAGE", init: true, depends_on: [a] }',
    code: "COMPOSE_UP_FAILED",
    lines: [/: a: the engine cannot start it: .*address already in use$/, /^ {2}a: created, /, /^ {2}b: waits for a$/],
    hint: /^Port \d+ of parent is taken\. .*otto host parent exec ss -ltnp/,
  },
  "mounts a path that the parent does not have": {
    services: '  a: { image: "$IMAGE", init: true, volumes: [{ type: bind, source: /nowhere/x, target: /x }] }',
    code: "COMPOSE_UP_FAILED",
    lines: [/bind source path does not exist: \/nowhere\/x/],
    hint: /^\/nowhere\/x is not on parent: make it there/,
  },
  "has a user that the image has not": {
    services: '  a: { image: "$IMAGE", init: true, user: nosuch }',
    code: "COMPOSE_UP_FAILED",
    lines: [/: a: the engine cannot start it: unable to find user nosuch/],
    hint: /^The image \S+ has no user nosuch/,
  },
  "writes to a read-only root": {
    services: `  a: { image: "$IMAGE", read_only: true, ${say("sleep 0.2; echo x > /data")} }`,
    code: "COMPOSE_SERVICE_FAILED",
    lines: [/: it exited with 1$/, /Read-only file system/],
    hint: /read_only: true.*, \/data\.$/m,
  },
  "has a device driver that is not there": {
    services:
      '  a: { image: "$IMAGE", init: true, deploy: { resources: { reservations: { devices: [{ driver: nvidia, count: 1, capabilities: [gpu] }] } } } }',
    code: "COMPOSE_UP_FAILED",
    lines: [/: a: the engine cannot start it: could not select device driver "nvidia"/],
    hint: /no device driver "nvidia"/,
  },
  "needs a service whose health check fails": {
    services: `  web: { image: "$IMAGE", init: true, depends_on: [api] }
  api: { image: "$IMAGE", init: true, depends_on: { db: { condition: service_healthy } } }
  db: { image: "$IMAGE", init: true, ${probe('["CMD-SHELL", "echo no database; exit 7"]')} }`,
    code: "COMPOSE_SERVICE_FAILED",
    lines: [
      /^the service db on parent is not up: its health check fails: no database$/,
      /^ {2}db: unhealthy$/,
      /health check: echo no database; exit 7 \(exit code 7\): no database$/,
      /it logged nothing$/,
      /^ {2}api: waits for db$/,
      /^ {2}web: waits for db$/,
    ],
    hint: undefined,
  },
  "has a health check whose program is not in the image": {
    services: `  a: { image: "$IMAGE", init: true, ${probe('["CMD", "curl", "-f", "http://localhost"]')} }`,
    code: "COMPOSE_SERVICE_FAILED",
    lines: [
      /: its health check fails: .*"curl": executable file not found/,
      /health check: curl -f http:\/\/localhost \(/,
    ],
    hint: /^The health check runs curl, which the image \S+ does not have/,
  },
  "has a health check that does not end": {
    services: `  a: { image: "$IMAGE", init: true, ${probe('["CMD", "sleep", "10"]', "retries: 1, timeout: 400ms")} }`,
    code: "COMPOSE_SERVICE_FAILED",
    lines: [/health check: sleep 10 \(did not run to its end\): Health check exceeded timeout \(400ms\)$/],
    hint: /did not end within 400ms/,
  },
  "is not healthy in time": {
    services: `  a: { image: "$IMAGE", init: true, ${probe('["CMD-SHELL", "echo not yet; false"]', "start_period: 60s")} }
  b: { image: "$IMAGE", init: true, depends_on: { a: { condition: service_healthy } } }`,
    code: "COMPOSE_NOT_READY",
    lines: [
      /^the stack on parent is not up after 6 s: a: its health check has not passed yet: not yet$/,
      /^ {2}a: starting$/,
      /health check: echo not yet; false \(exit code 1\): not yet$/,
      /^ {2}b: waits for a$/,
    ],
    hint: undefined,
    options: { readyTimeoutMs: 6000 },
  },
  "has an image that no registry has": {
    services: '  a: { image: "localhost:1/absent:1" }',
    code: "COMPOSE_UP_FAILED",
    lines: [/localhost:1/],
    hint: /registry|localhost:1/,
  },
};

test.concurrent.each(Object.entries(cases))(
  "a service that %s",
  async (_, { services, code, lines, hint, options }) => {
    const { error } = await fail(services, options);
    expect(error.code).toBe(code);
    expect(findMissingLine(error.message, lines), error.message).toBeUndefined();
    expect(error.hint ?? "").toMatch(hint ?? /^It was taken down\. .*otto docker logs a?d?b?\./);
  },
);

/** The first of `lines` that the message does not have behind those before it. */
function findMissingLine(message: string, lines: readonly RegExp[]): RegExp | undefined {
  let rest = message.split("\n");
  return lines.find((line) => {
    const at = rest.findIndex((one) => line.test(one));
    rest = rest.slice(at + 1);
    return at === -1;
  });
}
