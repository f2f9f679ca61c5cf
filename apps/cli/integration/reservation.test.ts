import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { engineEnvironment, labJson, type Machines, startMachines } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { finished, launcher, lineOf, type Run, runJson, runOtto, startOtto } from "./otto-process.js";
import { createTestRepo, settings, type TestRepo } from "./test-repo.js";

/* Each machine has lock directories of its own: nobody else's work is refused. */
let lab: Machines<"pepper" | "leek">;
let repo: TestRepo;

beforeAll(async () => {
  lab = await startMachines({ hosts: { pepper: {}, leek: {} } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  const hosts = labJson(lab, "veg").hosts.map((host) => ({ ...host, roles: ["db"] }));
  await repo.write("lab.json", JSON.stringify({ hosts }));
  await repo.write(".otto/settings.toml", settings(repo.name, 'default_host = "pepper"\n'));
});
afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const otto = (...argv: readonly string[]): Promise<Run> => runOtto(repo.place, argv);

/** Runs `otto` as somebody whose machine is called otherwise. Needs root. */
function eve(...argv: readonly string[]): Promise<Run> {
  const env = { PATH: process.env.PATH ?? "", CI: "1", ...engineEnvironment(), ...repo.place.env };
  const script = 'hostname evening && exec "$0" "$@"';
  const words = ["--uts", "sh", "-c", script, process.execPath, launcher, ...argv];
  return finished(spawn("unshare", words, { cwd: repo.place.cwd, env, stdio: ["ignore", "pipe", "pipe"] }));
}

// One story: a host is taken, used by its owner alone, and given back.
test("what others would change on a reserved host is refused, with the holder and the end", async () => {
  const { exitCode, lines } = await runJson(repo.place, ["lab", "reserve", "pepper", "--for", "1h30m"]);
  const me = { owner: expect.stringMatching(new RegExp(`@${hostname()}$`)), uid: expect.any(Number) };
  expect([exitCode, lines[0]]).toMatchObject([0, { type: "reservation", host: "pepper", status: "held", ...me }]);
  for (const argv of [["build"], ["up", "--no-build"], ["down"], ["stop"], ["pull"]]) {
    const refused = await eve(...argv);
    expect([argv, refused.exitCode], refused.stderr).toEqual([argv, 1]);
    expect(refused.stderr).toMatch(/pepper is reserved by \S+ \(there: uid \d+\) until 20/);
    expect(refused.stderr).toContain("otto lab release pepper --break");
  }
  expect(await lab.hosts.pepper.runDocker(["ps", "--all", "--quiet"])).toBe("");
  expect((await eve("ps")).exitCode).toBe(0);
  const up = await otto("up");
  expect(up.exitCode, up.stderr).toBe(0);
  expect((await eve("down")).exitCode).toBe(1);
  const extended = await otto("lab", "extend", "pepper", "--for", "30m");
  expect([extended.exitCode, extended.stdout]).toEqual([
    0,
    expect.stringMatching(/^pepper is reserved for .* until 20/),
  ]);
  // Of a role, the one that is free.
  expect((await eve("lab", "reserve", "db", "--for", "1h")).stdout).toMatch(/^leek is reserved for \S+@evening until/);
  const none = await otto("lab", "reserve", "db", "--for", "1h");
  expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining("no host with the role db is free")]);
  expect((await otto("lab", "release", "leek")).exitCode).toBe(1);
  expect((await eve("lab", "release", "db")).stdout).toMatch(/^released leek: /);
  const broken = await eve("lab", "release", "pepper", "--break");
  expect([broken.exitCode, broken.stdout]).toEqual([0, expect.stringMatching(/^released pepper: it was reserved by /)]);
  expect((await otto("lab", "release", "pepper")).stdout).toBe("pepper is not reserved\n");
  const down = await eve("down");
  expect(down.exitCode, down.stderr).toBe(0);
});

const reserved = (child: ChildProcess) => lineOf(child.stdout, (line) => line.includes("until this command ends"));

test("a reservation without a time lasts as long as its command; one in line has the host then", async () => {
  const first = startOtto(repo.place, ["lab", "reserve", "leek"]);
  await reserved(first);
  const next = startOtto(repo.place, ["lab", "reserve", "leek", "--wait"]);
  await lineOf(next.stdout, (line) => line.startsWith("waiting for leek: reserved by "));
  const interrupted = once(first, "exit");
  first.kill("SIGINT");
  const held = await reserved(next);
  expect(held).toMatch(/^leek is reserved for /);
  expect(await interrupted).toEqual([130, null]);
  const end = finished(next);
  expect((await eve("lab", "release", "leek", "--break")).exitCode).toBe(0);
  const { exitCode, stderr } = await end;
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringMatching(/the reservation of leek is over: \S+@evening .* has ended it/),
  ]);
});

// One story: where it is placed once, it stays until it is down.
test("an entry with a role goes to a host that is free, is found there, and goes to one's own first", async () => {
  await repo.write(".otto/settings.toml", settings(repo.name, 'role = "db"\n'));
  const placed = async () => {
    const ids = ["pepper", "leek"] as const;
    const shown = await Promise.all(ids.map((id) => lab.hosts[id].runDocker(["ps", "--quiet"])));
    return ids.filter((_, index) => shown[index] !== "");
  };
  expect((await eve("lab", "reserve", "pepper", "--for", "1h")).exitCode).toBe(0);
  const up = await otto("up");
  expect([up.exitCode, up.stderr]).toEqual([0, expect.stringContaining("on leek")]);
  expect(await placed()).toEqual(["leek"]);
  expect((await eve("lab", "release", "pepper")).exitCode).toBe(0);
  expect((await otto("ps")).stdout).toContain(`leek.${repo.name}.web`);
  expect((await otto("up")).exitCode).toBe(0);
  expect(await placed()).toEqual(["leek"]);
  const down = await otto("down");
  expect(down.exitCode, down.stderr).toBe(0);
  expect(await placed()).toEqual([]);
  expect((await otto("up", "--dry-run")).stdout).toContain(" on pepper\n");
  expect((await otto("lab", "reserve", "leek", "--for", "1h")).exitCode).toBe(0);
  expect((await otto("up", "--dry-run")).stdout).toContain(" on leek\n");
  expect((await otto("lab", "release", "leek")).exitCode).toBe(0);
});
