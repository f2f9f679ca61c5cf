import { execFile, execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { appendLogScript, appendParentLog, type Parent, type ParentLogEntry, readParentLog } from "@otto/hosts";
import { afterEach, beforeEach, expect, test } from "vitest";

/*
 * Logins are user ids that nobody on the machine has. Needs root, which takes them on.
 */

let ann: number;
let bob: number;

beforeEach(() => {
  ann = randomInt(700_000, 800_000);
  bob = ann + 1;
});

afterEach(() => {
  for (const uid of [ann, bob])
    for (const base of ["/var/tmp", "/tmp"]) rmSync(`${base}/otto-${uid}`, { recursive: true, force: true });
});

const logOf = (uid: number, base = "/var/tmp") => `${base}/otto-${uid}`;

async function runAs(uid: number, argv: readonly string[]): Promise<string> {
  const [program = "", ...words] = argv;
  const { stdout } = await promisify(execFile)(program, words, { uid, gid: uid, cwd: "/", timeout: 60_000 });
  return stdout;
}

/** As much of a parent as the log needs, with the rights of a login. */
function parentOf(uid: number): Pick<Parent, "exec"> {
  const exec = async (argv: Parameters<Parent["exec"]>[0]) => {
    const stdout = Buffer.from(await runAs(uid, argv as readonly string[]));
    return { stdout, stderr: Buffer.alloc(0), exitCode: 0, timedOut: false };
  };
  return { exec };
}

async function readOwn(uid: number) {
  return (await readParentLog(parentOf(uid))).filter((line) => line.uid === ann || line.uid === bob);
}

const up = (who: string): ParentLogEntry => ({ do: "up", who, project: "otto-shop-ada" });

test("what two logins write at once is there, each line whole and of the login that wrote it", async () => {
  const writers = Array.from(
    { length: 24 },
    (_, n) => [n % 2 === 0 ? ann : bob, `${n} ${"w".repeat(n * 4 + 1)}`] as const,
  );
  const isWritten = await Promise.all(writers.map(([uid, who]) => appendParentLog(parentOf(uid), up(who))));
  expect(isWritten).not.toContain(false);
  const lines = await readOwn(bob);
  expect(new Set(lines.map(({ uid, who }) => `${uid} ${who}`))).toEqual(
    new Set(writers.map(([uid, who]) => `${uid} ${who}`)),
  );
  expect(lines).toHaveLength(writers.length);
});

test("no other login can write, empty, take away or replace it", async () => {
  await appendParentLog(parentOf(ann), up("ann"));
  const log = logOf(ann);
  const deeds = [`echo x >>${log}/log`, `: >${log}/log`, `rm -f ${log}/log`, `mv ${log} ${log}x`, `: >${log}/new`];
  for (const deed of [...deeds, `: <${log}/log.lock`])
    expect(await runAs(bob, ["sh", "-c", `(${deed}) 2>/dev/null && echo done || echo refused`])).toBe("refused\n");
  expect(await readOwn(bob)).toMatchObject([{ who: "ann", uid: ann }]);
});

test("a log that is full makes way for the next, and the one before it can be read still", async () => {
  await appendParentLog(parentOf(ann), up("first"));
  const line = readFileSync(`${logOf(ann)}/log`);
  const filler = `${line.toString().replace("first", "filler").trim()}${" ".repeat(300)}\n`;
  writeFileSync(`${logOf(ann)}/log`, Buffer.concat([line, Buffer.from(filler.repeat(1000))]));
  for (const who of ["next", "last"]) await appendParentLog(parentOf(ann), up(who));
  expect(lstatSync(`${logOf(ann)}/log`).size).toBeLessThan(1000);
  expect((await readOwn(bob)).slice(-2)).toMatchObject([{ who: "next" }, { who: "last" }]);
});

test("behind a line that was cut off, the next one is whole", async () => {
  await appendParentLog(parentOf(ann), up("first"));
  writeFileSync(`${logOf(ann)}/log`, '2026-11-30T04:05:06Z {"do":"up","who":"cut', { flag: "a" });
  await appendParentLog(parentOf(ann), up("last"));
  expect(await readOwn(bob)).toMatchObject([{ who: "first" }, { who: "last" }]);
});

test.each<[string, (path: string) => void]>([
  ["a file", (path) => writeFileSync(path, "")],
  ["a link to nothing", (path) => symlinkSync("/nowhere", path)],
  ["a directory", (path) => mkdirSync(path)],
])("%s of a stranger where the log would be is passed by", async (_what, lay) => {
  lay(logOf(ann));
  execFileSync("chown", ["--no-dereference", `${bob}:${bob}`, logOf(ann)]);
  expect(await appendParentLog(parentOf(ann), up("ann"))).toBe(true);
  expect(existsSync(`${logOf(ann, "/tmp")}/log`)).toBe(true);
  expect(existsSync(`${logOf(ann)}/log`)).toBe(false);
  expect(await readOwn(bob)).toMatchObject([{ who: "ann", uid: ann }]);
});

test.each<[string, (path: string) => void]>([
  ["a FIFO", (path) => execFileSync("mkfifo", [path])],
  ["a link", (path) => symlinkSync("/etc/passwd", path)],
  ["a directory", (path) => mkdirSync(path)],
  ["without end", (path) => execFileSync("truncate", ["--size=100G", path])],
  ["a line without end", (path) => writeFileSync(path, "1 ".repeat(1 << 20))],
])("a login's log that is %s hides nothing of the others' and holds nobody up", async (_what, lay) => {
  await appendParentLog(parentOf(ann), up("ann"));
  mkdirSync(logOf(bob));
  lay(`${logOf(bob)}/log`);
  chownSync(logOf(bob), bob, bob);
  expect(await readOwn(ann)).toMatchObject([{ who: "ann", uid: ann }]);
});

test("a line that says it is another login's is not", async () => {
  await appendParentLog(parentOf(bob), up("bob"));
  const forged = `= ${ann} root\n${ann} 2026-11-30T04:05:06Z {"do":"down","who":"ann"}\n`;
  writeFileSync(`${logOf(bob)}/log`, `${forged}2026-11-30T04:05:06Z {"do":"down","who":"root"}\n`, { flag: "a" });
  expect((await readOwn(ann)).map(({ uid, login = "-", who }) => `${uid} ${login} ${who}`).toSorted()).toEqual([
    `${bob} - bob`,
    `${bob} - root`,
  ]);
});

test("where nothing can be written, nothing fails", async () => {
  for (const base of ["/var/tmp", "/tmp"]) writeFileSync(logOf(ann, base), "");
  await expect(runAs(ann, ["sh", "-c", appendLogScript(up("ann"))])).rejects.toMatchObject({ code: 1, stderr: "" });
  expect(await appendParentLog({ exec: () => Promise.reject(new Error("lost")) }, up("ann"))).toBe(false);
});
