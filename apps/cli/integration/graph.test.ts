import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StackGraph } from "@otto/docker";
import { type Lab, labJson, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runJson, runOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

let lab: Lab<"bastion" | "parent">;
let repo: TestRepo;

beforeAll(async () => {
  lab = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" } } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  await repo.write("lab.json", JSON.stringify(labJson(lab, "veg")));
  await repo.write("docker/compose.yml", compose(repo.name));
});
afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const compose = (name: string) => `services:
  db:
    image: ${name}-api:latest
    healthcheck: { test: "true", interval: 1s }
    volumes: ["data:/var/lib/db", "./marker:/etc/seen:ro"]
  api:
    image: ${name}-api:latest
    depends_on: { db: { condition: service_healthy } }
    ports: ["127.0.0.1::80"]
  job: { image: "${name}-api", command: ["true"], depends_on: [api] }
  debug: { image: "${name}-api:latest", profiles: [debug] }
volumes: { data: }
`;

async function graphOf(...argv: string[]): Promise<StackGraph> {
  const { exitCode, lines } = await runJson(repo.place, ["docker", "graph", ...argv]);
  expect(exitCode).toBe(0);
  return lines.find(({ type }) => type === "graph")?.graph as StackGraph;
}

const statesOf = ({ services }: StackGraph) =>
  services.map(({ name, containers }) => [name, ...containers.map(({ state, exitCode }) => [state, exitCode])]);

// One story: first the stack is declared, then up; last its parent does not answer.
test("the graph of a stack behind a bastion, before it is up and while it is", { timeout: 120_000 }, async () => {
  const declared = await graphOf("--no-states");
  expect(declared.parent).toEqual({ id: "parent", hops: ["bastion"] });
  expect(declared.isObserved).toBe(false);
  expect(declared.images.map(({ name, dockerfile, bases }) => [name, dockerfile, bases])).toEqual([
    [`${repo.name}-api:latest`, "docker/Dockerfile", []],
  ]);
  const api = declared.services.find(({ name }) => name === "api");
  expect(api).toMatchObject({ ports: ["127.0.0.1:any->80/tcp"], networks: ["default"] });
  expect(api?.dependsOn).toMatchObject([{ service: "db", condition: "service_healthy" }]);

  expect(statesOf(await graphOf())).toEqual([["db"], ["api"], ["job"], ["debug"]]);
  expect((await runOtto(repo.place, ["docker", "up", "--quiet"])).exitCode).toBe(0);
  const seen = [["db", ["healthy", undefined]], ["api", ["running", undefined]], ["job", ["exited", 0]], ["debug"]];
  expect(statesOf(await graphOf())).toEqual(seen);

  const written = await runOtto(repo.place, ["docker", "graph", "-o", "out/stack.svg"]);
  expect([written.exitCode, written.stdout]).toEqual([0, "wrote out/stack.svg\n"]);
  const svg = await readFile(join(repo.root, "out/stack.svg"), "utf8");
  for (const words of ["healthy", "exited (0)", "this machine → bastion → parent", "data → /var/lib/db"]) {
    expect(svg).toContain(words);
  }
  expect((await runOtto(repo.place, ["docker", "graph"])).stdout).toMatch(/^flowchart LR\n/);

  await lab.hosts.bastion.stop();
  const lost = await runOtto(repo.place, ["docker", "graph", "--format", "html"]);
  await lab.hosts.bastion.start();
  expect([lost.exitCode, lost.stdout.slice(0, 15)]).toEqual([0, "<!doctype html>"]);
  expect(lost.stderr).toContain("the graph shows no states, parent cannot be asked");
});

test("several stacks do not go into one file", async () => {
  const other = await createTestRepo();
  await using _ = other;
  const env = {
    ...repo.place.env,
    OTTO_LAB: "",
    OTTO_SUT_DIRS: `${repo.root}:${other.root}`,
    OTTO_TRUST: `${repo.root}`,
  };
  const place = { ...repo.place, env };
  const { exitCode, stderr } = await runOtto(place, ["docker", "graph", "--no-states", "-o", "x.svg"]);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining("one file holds one graph")]);
});
