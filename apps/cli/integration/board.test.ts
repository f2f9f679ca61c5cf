import { execFile } from "node:child_process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type Registry, startRegistry } from "@otto/lab";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { finished, runJson, startOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";
import { Watcher } from "./watcher.js";

const execute = promisify(execFile);

let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());

/** A build by compose, a pull, a chain of a health check and a one-shot, and what else a test wants. */
const composeFile = (repo: string, image: string, more = "") => `services:
  db:
    image: ${repo}-api:latest
    init: true
    healthcheck: { test: ["CMD", "true"], interval: 1s, retries: 3 }
  migrate:
    image: ${repo}-api:latest
    command: ["sh", "-c", "echo migrating; sleep 0.5"]
    depends_on: { db: { condition: service_healthy } }
  web:
    build: { context: ., dockerfile: web.Dockerfile }
    init: true
    ports: ["127.0.0.1::80"]
    depends_on: { migrate: { condition: service_completed_successfully } }
  fetched:
    image: ${image}
    init: true
${more}`;

/** @param mark keeps what was built before from being found in a cache */
const webDockerfile = (mark: string) => `FROM scratch
COPY root /
RUN for part in 1 2 3; do echo "compiling part $part"; sleep 0.7; done; : ${mark}
CMD ["sleep", "infinity"]
`;

const failing = `  bad:
    image: REPO-api:latest
    command: ["sh", "-c", "printf 'no \\\\033[2Jconfig\\\\n'; exit 3"]
`;

let repo: TestRepo;
let image: string;
beforeAll(async () => {
  repo = await createTestRepo();
  image = `${registry.host}/${repo.name}-fetched:1`;
  await execute("docker", ["build", "--quiet", "--tag", image, `${repo.root}/docker`]);
  await execute("docker", ["push", "--quiet", image]);
  await execute("docker", ["image", "rm", image]);
  await repo.write("docker/web.Dockerfile", webDockerfile(repo.name));
  await repo.write("docker/compose.yml", composeFile(repo.name, image));
});
afterAll(() => repo[Symbol.asyncDispose]());

describe.sequential("a stack with a build, a pull and a chain of services", () => {
  test("on a terminal an up shows images and services as they come, and its last board stays", async () => {
    await using watcher = await Watcher.open(repo.place, ["up"], { columns: 80, rows: 24 });
    const { exitCode, last, all, before, after } = await watcher.finished();
    expect(exitCode, last.join("\n")).toBe(0);
    for (const seen of [
      /image api +built in [\d.]+ s, sent [\d.]+ [kM]?B/,
      /image web +\[\d\/\d\] RUN for part/,
      /^ +compiling part 2$/m,
      /fetched +pull(ing|ed)/,
      /migrate +waiting for db/,
      /web +waiting for migrate/,
    ])
      expect(all).toMatch(seen);
    expect(last.slice(0, 2).join("\n")).toMatch(/^up cli\w+ on local {2}[\d.]+ s\n✔ image api /);
    expect(last.filter((line) => /✔ db +healthy after [\d.]+ s/.test(line))).toHaveLength(1);
    expect(last.filter((line) => /✔ migrate +exited \(0\) after/.test(line))).toHaveLength(1);
    const summary =
      /4 services up on local in [\d.]+ s · built 2, pulled 1 · sent [\d.]+ [kM]?B · http:\/\/localhost:\d+$/;
    expect(last.join("")).toMatch(summary);
    // What it builds for two seconds is no silent wait.
    expect(watcher.longestMs).toBeLessThan(1500);
    expect(after).toBe(before);
  });

  test("an up that changes nothing says so, in 40 columns, and no line is too long", async () => {
    await using watcher = await Watcher.open(repo.place, ["up"], { columns: 40, rows: 12 });
    const { last } = await watcher.finished();
    expect(last.filter((line) => line.endsWith("unchanged"))).toHaveLength(4);
    expect(last.join("")).toContain("4 services up on local: nothing changed");
  });

  test("a down shows what goes, and what went", async () => {
    await using watcher = await Watcher.open(repo.place, ["down"], { columns: 80, rows: 24 });
    const { exitCode, last } = await watcher.finished();
    expect(exitCode).toBe(0);
    expect(last.filter((line) => /^✔ \w+ +removed$/.test(line))).toHaveLength(4);
    expect(last.at(-1)).toMatch(/^4 services down on local in [\d.]+ s$/);
  });

  test("a program gets what happens with its time, and the summary", async () => {
    const { lines } = await runJson(repo.place, ["up"]);
    const times = lines.flatMap(({ time }) => (typeof time === "string" ? [time] : []));
    expect(times.length).toBeGreaterThan(10);
    expect(times).toEqual(times.toSorted());
    const statesOf = (service: string) =>
      lines.filter((line) => line.type === "compose.service" && line.service === service).map(({ state }) => state);
    expect(statesOf("db").slice(-1)).toEqual(["healthy"]);
    expect(statesOf("migrate").slice(-4)).toEqual(["waiting", "starting", "running", "exited"]);
    expect(lines.find(({ type }) => type === "summary")).toMatchObject({
      ...{ command: "up", repo: repo.name, parent: "local", via: [], isChanged: true, built: 0, cached: 1 },
    });
    const down = await runJson(repo.place, ["down"]);
    expect(down.lines.filter(({ state }) => state === "removed").map(({ service }) => service)).toEqual(
      expect.arrayContaining(["db", "migrate", "web", "fetched"]),
    );
  });

  test("without a terminal each line comes when it happens, what containers write being harmless", async () => {
    await repo.write("docker/compose.yml", composeFile(repo.name, image, failing.replace("REPO", repo.name)));
    const child = startOtto(repo.place, ["up"]);
    const lines: string[] = [];
    let stateAtFailure: number | null | undefined;
    if (child.stderr) {
      createInterface({ input: child.stderr }).on("line", (line) => {
        lines.push(line);
        if (line.startsWith("bad  exited")) stateAtFailure = child.exitCode;
      });
    }
    const { exitCode } = await finished(child);
    expect(exitCode).toBe(1);
    expect(stateAtFailure).toBeNull();
    expect(lines.find((line) => line.startsWith("bad  exited"))).toMatch(
      /^bad {2}exited \(3\) after [\d.]+ s: no .*config$/,
    );
    expect(lines.join("\n")).not.toContain("\u001b[2J");
    expect(lines.filter((line) => / {2}removed$/.test(line)).length).toBeGreaterThan(3);
  });

  test("with --quiet nothing of it is written", async () => {
    await repo.write("docker/compose.yml", composeFile(repo.name, image));
    const run = await finished(startOtto(repo.place, ["up", "--quiet"]));
    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
  });

  test("an interrupted up on a terminal that was made narrower leaves it as it was", async () => {
    await repo.write("docker/web.Dockerfile", webDockerfile(`${repo.name} again`));
    await using watcher = await Watcher.open(repo.place, ["up"], { columns: 80, rows: 24 });
    await watcher.terminal.sees("compiling part 1");
    await watcher.resize({ columns: 50, rows: 20 });
    await watcher.terminal.sees("compiling part 2");
    watcher.terminal.type("\u0003");
    const { exitCode, last, all, before, after } = await watcher.finished();
    expect(exitCode).toBe(130);
    expect(last.filter((line) => line.includes(`up ${repo.name}`))).toHaveLength(1);
    expect(all).toContain("compiling part 2");
    const withoutSize = (mode: string) => mode.replace(/rows \d+; columns \d+;/, "");
    expect(withoutSize(after)).toBe(withoutSize(before));
    expect(watcher.shown.lastIndexOf("\u001b[?25h")).toBeGreaterThan(watcher.shown.lastIndexOf("\u001b[?25l"));
  });
});
