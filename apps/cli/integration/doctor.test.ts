import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
});

afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

test("a lab that is well: a line for each thing that was looked at, on the way and on every parent", async () => {
  const { exitCode, stdout, stderr } = await runOtto(repo.place, ["doctor"]);
  expect([exitCode, stderr]).toEqual([0, "info: the lab is veg: OTTO_LAB\n"]);
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(26);
  expect(lines.every((line) => /^(bastion|parent) +[a-z-]+ +ok /.test(line))).toBe(true);
});

test("a bastion is asked alone, and nothing of docker", async () => {
  const { exitCode, lines } = await runJson(repo.place, ["doctor", "bastion"]);
  expect(lines.map(({ check }) => check)).toEqual([
    undefined,
    "name",
    "tcp",
    "banner",
    "ssh",
    "handshake",
    "host-key",
    "login",
    "sessions",
    undefined,
  ]);
  expect([exitCode, lines.at(-1)]).toEqual([
    0,
    expect.objectContaining({ ok: 8, warning: 0, failed: 0, notReached: 0 }),
  ]);
});

test("a parent that is down fails the command, and the finding names it, its code and what to do", async () => {
  await lab.hosts.parent.stop();
  const { exitCode, lines } = await runJson(repo.place, ["doctor", "parent"]);
  const failed = lines.filter(({ type, status }) => type === "check" && status === "failed");
  expect([exitCode, failed[0]]).toEqual([
    1,
    {
      type: "check",
      schema: 1,
      host: "parent",
      machine: "parent",
      check: "tcp",
      status: "failed",
      code: "DOCTOR_PORT_CLOSED",
      text: expect.stringContaining("bastion"),
      hint: expect.stringContaining("sshd"),
    },
  ]);
  expect([failed.length, lines.at(-1)]).toEqual([1, expect.objectContaining({ failed: 1, notReached: 17 })]);
  const { stdout } = await runOtto(repo.place, ["doctor", "parent"]);
  const rows = stdout.trimEnd().split("\n");
  expect(rows.find((row) => row.includes("failed"))).toMatch(/^parent +tcp +failed .*\[DOCTOR_PORT_CLOSED\] → /);
  expect(rows.at(-1)).toMatch(/^parent +forwarding +not reached +not looked at: tcp of parent failed$/);
  await lab.hosts.parent.start();
});

test("a check that could not be made fails the command, though none has failed", async () => {
  const programs = join(lab.directory, "programs");
  await mkdir(programs);
  await writeFile(join(programs, "df"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const forced = `ForceCommand PATH=${programs}:${process.env.PATH}; export PATH; eval "$SSH_ORIGINAL_COMMAND"`;
  await lab.hosts.parent.start({ options: { sshdConfig: [forced] } });
  const { exitCode, lines } = await runJson(repo.place, ["doctor", "parent"]);
  expect([exitCode, lines.at(-1)]).toEqual([1, expect.objectContaining({ failed: 0, notReached: 1 })]);
  expect(lines.filter(({ status }) => status === "not-reached").map(({ check }) => check)).toEqual(["disk"]);
  await lab.hosts.parent.start({ options: { sshdConfig: [] } });
});

test("a host that is not in the lab is a wrong use", async () => {
  expect((await runOtto(repo.place, ["doctor", "nowhere"])).exitCode).toBe(2);
});
