import { execFile } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { composeUp } from "@otto/docker";
import { dockerd, type EngineProgram, startEngine, startLab, type TestEngine } from "@otto/lab";
import { expect, test } from "vitest";
import { placeStackRepo } from "./stack-lab.js";

const execute = promisify(execFile);

// Healthy once something made a file.
const compose = `services:
  a:
    image: "$IMAGE"
    network_mode: none
    init: true
    healthcheck: { test: ["CMD", "test", "-e", "/ready"], interval: 0.2s, timeout: 20s, retries: 1000 }
`;

interface Waiting {
  readonly engine: TestEngine;
  readonly docker: (...words: string[]) => Promise<unknown>;
  readonly container: string;
  /** Begins an `up`, and returns when it waits for the service. */
  readonly upToTheWait: (readyTimeoutMs?: number) => Promise<WaitingUp>;
}

interface WaitingUp {
  readonly up: Promise<unknown>;
  readonly warnings: string[];
  /** Resolves with its first warning. */
  readonly warned: Promise<unknown>;
}

async function whileUpWaits(options: readonly string[], use: (waiting: Waiting) => Promise<void>) {
  // Not in a mount namespace that ends with it: containers that outlive the engine would be out of reach for the next one.
  const program: EngineProgram = (places) => [...dockerd(places).filter((word) => word !== "--mount"), ...options];
  await using engine = await startEngine(program);
  const client = ["docker", "--host", engine.address];
  const running = await startLab({ hosts: { parent: {} }, engineAccess: "group" });
  await using placed = await placeStackRepo(running, compose, {
    docker: { command: client, socket: engine.socketPath },
  });
  await execute("sh", ["-c", 'docker save "$1" | docker --host "$2" load', "sh", placed.stack.image, engine.address]);
  const docker = (...words: string[]) => execute("docker", [...client.slice(1), ...words]);
  const upToTheWait: Waiting["upToTheWait"] = async (readyTimeoutMs) => {
    const warnings: string[] = [];
    const events = new EventEmitter();
    const started = once(events, "compose.started");
    const warned = once(events, "compose.warning");
    const up = composeUp(placed.repo, placed.lab, {
      readyTimeoutMs,
      onEvent: (event) => {
        if (event.type === "compose.warning") warnings.push(event.message);
        events.emit(event.type);
      },
    });
    up.catch(() => {});
    await Promise.race([started, up]);
    return { up, warnings, warned };
  };
  await use({ engine, docker, container: `${placed.stack.project}-a-1`, upToTheWait });
}

const pidOf = async ({ dataRoot }: TestEngine) => Number(await readFile(join(dirname(dataRoot), "pid"), "utf8"));

test.concurrent.each(["stopped", "killed"])(
  "an up goes on when an engine with live-restore was %s and comes back",
  (how) =>
    whileUpWaits(["--live-restore"], async ({ engine, docker, container, upToTheWait }) => {
      const { up, warnings, warned } = await upToTheWait();
      if (how === "killed") process.kill(await pidOf(engine), "SIGKILL");
      await engine.stop();
      await Promise.race([warned, up]);
      await engine.restart();
      await docker("exec", container, "touch", "/ready");
      await expect(up).resolves.toMatchObject({ a: {} });
      expect(warnings).toEqual([expect.stringContaining("the engine of parent does not answer")]);
    }),
);

test.concurrent("an up says what became of its service when the engine's restart ended it", () =>
  whileUpWaits([], async ({ engine, upToTheWait }) => {
    const { up } = await upToTheWait();
    await engine.restart();
    await expect(up).rejects.toMatchObject({
      code: "COMPOSE_SERVICE_FAILED",
      message: expect.stringMatching(/service a on parent is not up: it exited with \d+/),
    });
  }));

test.concurrent("an up fails with the client's words when the engine does not come back", () =>
  whileUpWaits([], async ({ engine, upToTheWait }) => {
    const { up } = await upToTheWait(5000);
    await engine.stop();
    await expect(up).rejects.toMatchObject({
      code: "COMPOSE_ENGINE_FAILED",
      message: expect.stringMatching(/looking at the stack on parent: Cannot connect to the Docker daemon/),
    });
  }));
