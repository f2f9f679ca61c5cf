import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { lineOf, runJson, runOtto, startOtto } from "./otto-process.js";
import { createTestRepo } from "./test-repo.js";

test("a port leads to a container's until a signal comes", async () => {
  await using repo = await createTestRepo();
  const api = {
    image: `${repo.name}-api:latest`,
    init: true,
    command: ["nc", "-ll", "-p", "80", "-e", "echo", "here"],
  };
  await repo.write("docker/compose.yml", JSON.stringify({ services: { api } }));
  expect(await runOtto(repo.place, ["docker", "up"])).toMatchObject({ exitCode: 0 });
  const id = `local.${repo.name}.api`;
  const child = startOtto(repo.place, ["host", id, "forward", ":80", "--json"]);
  const line = await lineOf(child.stdout, (candidate) => candidate.includes("forward"));
  const { type, host, address, port, remote } = JSON.parse(line) as Record<string, unknown>;
  expect([type, host, address, remote]).toEqual(["forward", id, `127.0.0.1:${String(port)}`, 80]);
  await expect.poll(() => text(connect({ host: "127.0.0.1", port: Number(port) }))).toBe("here\n");
  child.kill("SIGINT");
  const [exitCode] = (await once(child, "close")) as [number];
  expect(exitCode).toBe(130);
});

test("a pair of ports that is none is a mistake of the caller", async () => {
  await using repo = await createTestRepo();
  const { lines, exitCode } = await runJson(repo.place, ["host", "local", "forward", "80:http"]);
  expect([exitCode, lines[0]]).toMatchObject([2, { type: "error", code: "CLI_USAGE" }]);
});
