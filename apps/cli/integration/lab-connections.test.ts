import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Lab, labJson, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launcher, runJson, runOtto } from "./otto-process.js";
import { TestTerminal } from "./terminal.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

let lab: Lab<"bastion" | "parent" | "quick">;
let repo: TestRepo;

beforeAll(async () => {
  lab = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion" }, quick: {} } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  const hosts = labJson(lab, "veg").hosts.map((host) => ({
    ...host,
    ssh_options: { ...host.ssh_options, ...(host.element === "bastion" ? {} : { persist: "10m" }) },
  }));
  await repo.write("lab.json", JSON.stringify({ hosts }));
  await mkdir(join(repo.root, "run"), { mode: 0o700 });
});

afterAll(async () => {
  await runOtto(place(), ["lab", "connections", "--stop"]);
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

/** Where connections are kept for these tests alone. */
const place = () => ({ ...repo.place, env: { ...repo.place.env, XDG_RUNTIME_DIR: join(repo.root, "run") } });

async function connections(...argv: string[]) {
  const { exitCode, lines } = await runJson(place(), argv.length === 0 ? ["lab", "connections"] : argv);
  expect(exitCode).toBe(0);
  return lines.filter(({ type }) => type !== "result");
}

// One story: what is kept of one command is there for the next, until it is closed.
test("a connection outlives its command, which the shell does not wait for, is shown, and is closed", async () => {
  expect(await connections()).toEqual([]);
  const env = { PATH: process.env.PATH ?? "", CI: "1", ...place().env };
  const script = 'said=$("$0" "$1" host parent exec -- sh -c "echo out; echo err >&2; exit 3" 2>&1); echo "$? $said"';
  const { stdout } = await promisify(execFile)("sh", ["-c", script, process.execPath, launcher], {
    cwd: repo.root,
    env,
  });
  expect(stdout).toContain("3 ");
  for (const said of ["out\n", "err\n"]) expect(stdout).toContain(said);
  const [kept, ...others] = await connections();
  expect(others).toEqual([]);
  expect(kept).toMatchObject({ type: "connection", host: "parent", hops: ["bastion"], state: "open", users: [] });
  expect(kept).toMatchObject({ user: lab.hosts.parent.user, persistMs: 600_000 });
  const before = await lab.hosts.bastion.handshakes();
  expect((await runOtto(place(), ["host", "parent", "exec", "--", "sh", "-c", "cat; exit 4"], "in")).exitCode).toBe(4);
  expect(await lab.hosts.bastion.handshakes()).toBe(before);
  const { stdout: table } = await runOtto(place(), ["lab", "connections"]);
  expect(table).toMatch(/^HOST +WAY +USER +AGE +IDLE +IN USE BY\nparent +\S+ through bastion +\S+ +\d/);
  const planned = await connections("lab", "connections", "--stop", "--dry-run");
  expect(planned).toMatchObject([{ type: "step", do: "close", host: "parent" }]);
  expect(await connections()).toMatchObject([{ pid: kept?.pid }]);
  expect((await connections("lab", "connections", "--stop", "quick")).map(({ type }) => type)).toEqual(["notice"]);
  expect(await connections("lab", "connections", "--stop", "parent")).toMatchObject([
    { host: "parent", state: "closed" },
  ]);
  expect(await connections()).toEqual([]);
});

test("Ctrl-C at the command, and the end of its terminal, leave the connection", async () => {
  await using terminal = await TestTerminal.open(place(), [
    "host",
    "quick",
    "exec",
    "--",
    "sh",
    "-c",
    "echo on; sleep 1000",
  ]);
  await terminal.sees("on");
  const quick = async () => (await connections()).find(({ host }) => host === "quick");
  const kept = await quick();
  expect(kept).toMatchObject({ users: [expect.any(Number)] });
  terminal.type("\x03");
  expect((await terminal.finished()).exitCode).toBe(130);
  await expect.poll(async () => (await quick())?.users).toEqual([]);
  expect((await quick())?.pid).toBe(kept?.pid);
});
