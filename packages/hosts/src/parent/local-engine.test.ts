import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findLocalSocket } from "./local-engine.js";

let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "otto-local-engine-"));
  addContext("rootless", "unix:///run/user/1000/docker.sock");
  addContext("far", "ssh://box");
  writeFileSync(join(home, ".docker", "config.json"), JSON.stringify({ currentContext: "rootless" }));
  mkdirSync(join(home, "plain"));
  writeFileSync(join(home, "plain", "config.json"), "{ no JSON");
});

afterAll(() => rmSync(home, { recursive: true }));

function addContext(name: string, host: string): void {
  const id = createHash("sha256").update(name).digest("hex");
  const directory = join(home, ".docker", "contexts", "meta", id);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "meta.json"), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }));
}

const usual = "/var/run/docker.sock";

test.each<[Record<string, string>, string]>([
  [{}, "/run/user/1000/docker.sock"],
  [{ DOCKER_HOST: "unix:///own.sock", DOCKER_CONTEXT: "far" }, "/own.sock"],
  [{ DOCKER_HOST: "" }, "/run/user/1000/docker.sock"],
  [{ DOCKER_CONTEXT: "default" }, usual],
  [{ DOCKER_CONFIG: "plain" }, usual],
  [{ DOCKER_CONFIG: "missing" }, usual],
])("with %j it is %s", (env, socket) => {
  const config = env.DOCKER_CONFIG === undefined ? {} : { DOCKER_CONFIG: join(home, env.DOCKER_CONFIG) };
  expect(findLocalSocket("local", { HOME: home, ...env, ...config })).toBe(socket);
});

test.each<[Record<string, string>, string]>([
  [{ DOCKER_HOST: "tcp://box:2375" }, "tcp://box:2375"],
  [{ DOCKER_HOST: "unix://" }, "unix://"],
  [{ DOCKER_CONTEXT: "far" }, "ssh://box"],
  [{ DOCKER_CONTEXT: "../../x" }, "../../x is not known"],
])("with %j it is refused, naming %s", (env, named) => {
  expect(() => findLocalSocket("local", { HOME: home, ...env })).toThrow(
    expect.objectContaining({ code: "HOST_ENGINE_NOT_LOCAL", message: expect.stringContaining(named) }),
  );
});
