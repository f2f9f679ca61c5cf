import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { createRandom, type Lab, labJson, readRandomRun, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { finished, runOtto, startOtto } from "./otto-process.js";
import { filesWith, heldLocks, processIds, startedSince } from "./parent-traces.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

/** More for a longer search: OTTO_KILLS=300; the same again: OTTO_SEED. */
const { count: kills, seed, label } = readRandomRun("OTTO_KILLS", 3);
/** What is left of a client that has gone is gone after this long; 0.7 s was the longest on a machine with a load of 25. */
const limitMs = 2000;
/** Then the stack of a killed `composed` is down, too. */
const cleanUpMs = 60_000;

const ways = ["killed", "ended", "cut off"] as const;

interface Verb {
  readonly argv: () => readonly string[];
  readonly needs: "up" | "down" | undefined;
  /** How long it takes, of what `up` takes. */
  readonly length: number;
}

const verbs: Readonly<Record<string, Verb>> = {
  build: { argv: () => ["docker", "build", "--rebuild"], needs: undefined, length: 0.4 },
  up: { argv: () => ["docker", "up"], needs: "down", length: 1 },
  down: { argv: () => ["docker", "down"], needs: "up", length: 0.6 },
  exec: { argv: () => ["host", hostId("c"), "exec", "true"], needs: "down", length: 1.1 },
  composed: { argv: () => ["run", "hold"], needs: "down", length: 1.7 },
  put: { argv: () => ["host", hostId("a"), "put", "big", "/big"], needs: "up", length: 0.4 },
};

const healthy = '{ test: "sleep 0.2", interval: 0.3s, retries: 100 }';
const compose = (name: string) => `services:
  a: { image: "${name}-api:latest", init: true, environment: ["TOKEN=\${TOKEN}"], healthcheck: ${healthy} }
  b: { image: "${name}-api:latest", init: true, healthcheck: ${healthy}, depends_on: { a: { condition: service_healthy } } }
  c: { image: "${name}-api:latest", init: true, healthcheck: ${healthy}, depends_on: { b: { condition: service_healthy } } }
`;
const dockerfile = `FROM scratch
COPY root /
RUN --mount=type=secret,id=token sleep 0.5
CMD ["sleep", "infinity"]
`;
const settings = (name: string) => `name = "${name}"
version = "1"
[[lab.sources]]
backend = "json"
paths = ["lab.json"]
[[docker.images]]
name = "api"
dockerfile = "docker/Dockerfile"
context = "docker"
secrets = [{ id = "token", env = "TOKEN" }]
[[docker.composes]]
path = "docker/compose.yml"
`;
const instructions = `import { composed } from "@otto/docker";
import { instruction } from "@otto/instructions";
export const hold = instruction({ description: "uses its stack for a while" }, async ({ repo, lab, signal }) => {
  await using stack = await composed(repo, lab, { signal });
  await stack.hosts.c.exec("sleep 1", { signal });
});
`;

let lab: Lab<"parent">;
let repo: TestRepo;
const canary = `canary-${seed.toString(36)}-${process.pid}`;
const hostId = (service: string) => `parent.${repo.name}.${service}`;

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: { proxy: {} } } });
  repo = await createTestRepo({ OTTO_LAB: "veg", TOKEN: canary });
  const { hosts, links } = labJson(lab, "veg");
  // No plain `docker`: its variables go another way.
  const command = (words: readonly string[] = ["docker"]) => ["env", "PATH=/usr/sbin:/usr/bin:/bin", ...words];
  await repo.write(
    "lab.json",
    JSON.stringify({
      hosts: hosts.map((host) => ({ ...host, docker: { ...host.docker, command: command(host.docker?.command) } })),
      links,
    }),
  );
  await repo.write(".otto/settings.toml", settings(repo.name));
  await repo.write(".otto/instructions.ts", instructions);
  await repo.write("docker/Dockerfile", dockerfile);
  await repo.write("docker/compose.yml", compose(repo.name));
  await repo.write("big", "0123456789abcdef".repeat(1 << 20));
});

afterAll(async () => {
  await succeed("docker", "down");
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

async function succeed(...argv: string[]): Promise<number> {
  const startedAt = performance.now();
  const run = await runOtto(repo.place, argv);
  expect(run.exitCode, `${argv.join(" ")}: ${run.stderr}`).toBe(0);
  return performance.now() - startedAt;
}

/** Resolves when the client has gone: it may still tidy up what it can. */
async function interrupt(child: ChildProcess, how: (typeof ways)[number]): Promise<void> {
  const exit = once(child, "exit");
  if (how === "cut off") lab.hosts.parent.proxy?.cut();
  else child.kill(how === "killed" ? "SIGKILL" : "SIGTERM");
  if (child.exitCode === null && child.signalCode === null) await exit;
}

/**
 * What tidies up after the client has its own time; all else is gone a moment after the last that may be there.
 * @returns after how many milliseconds nothing was left
 */
async function untilNothingIsLeft(before: ReadonlySet<number>, mayCleanUp: boolean, what: string): Promise<number> {
  const startedAt = performance.now();
  let cleanedUpAt = startedAt;
  for (;;) {
    // How long looking takes does not count.
    const now = performance.now();
    const left = [...(await heldLocks()), ...(await startedSince(before))];
    if (left.length === 0) return now - startedAt;
    // By the parent, or by the process that `otto run` has its instruction in: it outlives a kill of the first.
    if (mayCleanUp && left.some((line) => /the clean-up after|otto\.js run/.test(line))) cleanedUpAt = now;
    const text = `${what} left:\n${left.join("\n")}`;
    expect(now - cleanedUpAt, text).toBeLessThan(limitMs);
    expect(now - startedAt, text).toBeLessThan(mayCleanUp ? cleanUpMs : limitMs);
    await delay(25);
  }
}

test(`a client that is killed, ended or cut off at random (${label}) leaves nothing and stops nobody`, {
  timeout: 120_000 + kills * 40_000,
}, async () => {
  await succeed("docker", "build");
  const upMs = await succeed("docker", "up");
  const random = createRandom(seed);
  const before = await processIds();
  const times: Record<string, number[]> = {};
  for (let round = 0; round < kills; round += 1) {
    const name = Object.keys(verbs)[random(Object.keys(verbs).length)] as string;
    const how = ways[random(ways.length)] as (typeof ways)[number];
    const share = 0.1 + (random(2 ** 32) / 2 ** 32) * 0.9;
    const { argv, needs, length } = verbs[name] as Verb;
    // The next command after the last kill.
    if (needs !== undefined) await succeed("docker", needs);
    const child = startOtto(repo.place, argv());
    const run = finished(child);
    await delay(upMs * length * share);
    await interrupt(child, how);
    const what = `round ${round}: ${name}, ${how} at ${share.toFixed(2)}`;
    const ms = await untilNothingIsLeft(before, name === "composed", what);
    times[name] = [...(times[name] ?? []), ms];
    await run;
    expect(await filesWith(canary), what).toEqual([]);
  }
  const rows = Object.entries(times).map(
    ([name, all]) => `${name}: ${all.length}, at most ${Math.ceil(Math.max(...all))} ms`,
  );
  console.log(`${label}; nothing left after: ${rows.join("; ")}`);
});
