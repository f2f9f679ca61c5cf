import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { lockFunctions } from "@otto/hosts";
import { afterEach, beforeEach, expect, test } from "vitest";

/*
 * Logins are user ids that nobody on the machine has. Needs root, which takes them on.
 */

const bases = ["/run/lock", "/dev/shm", "/tmp"] as const;
const holders = new Set<ChildProcess>();
let name: string;
let ann: number;
let bob: number;

beforeEach(() => {
  name = `places-${randomBytes(4).toString("hex")}`;
  ann = randomInt(700_000, 800_000);
  bob = ann + 1;
});

afterEach(async () => {
  for (const holder of holders) await letGo(holder);
  for (const base of bases) for (const uid of [ann, bob]) rmSync(placeOf(uid, base), { recursive: true, force: true });
});

const placeOf = (uid: number, base: string = bases[0]) => `${base}/otto-${uid}`;

/** What a login's shell prints with the functions of locks. */
async function asLogin(uid: number, script: string): Promise<string> {
  const argv = ["-c", `${lockFunctions}\n${script}`, "sh", name];
  const { stdout } = await promisify(execFile)("sh", argv, { uid, gid: uid, cwd: "/", timeout: 60_000 });
  return stdout.trim();
}

const findLock = 'if find_lock "$1"; then echo "$lock"; else echo "none: $lock_trouble"; fi';
const tellHolder = 'find_lock "$1" && tell_holder ""';

/** Starts a process that holds the lock as `who` until it is let go. @returns when it has it */
async function hold(uid: number, who: string): Promise<ChildProcess> {
  return start(uid, ["sh", "-c", `${lockFunctions}\nfind_lock "$1" && hold_lock held "$2"`, "sh", name, who]);
}

async function start(uid: number, [program = "", ...words]: readonly string[]): Promise<ChildProcess> {
  const holder = spawn(program, words, { uid, gid: uid, cwd: "/", stdio: ["pipe", "pipe", "inherit"] });
  holders.add(holder);
  await once(createInterface({ input: holder.stdout }), "line");
  return holder;
}

async function letGo(holder: ChildProcess): Promise<void> {
  holders.delete(holder);
  if (holder.exitCode !== null) return;
  holder.stdin?.end();
  await once(holder, "close");
}

const hostile: readonly (readonly [string, (path: string) => void])[] = [
  ["a file", (path) => writeFileSync(path, "")],
  ["a FIFO", (path) => execFileSync("mkfifo", [path])],
  ["a link to a directory of the login's own", (path) => symlinkSync(`${placeOf(ann, "/tmp")}-home`, path)],
  ["a link to nothing", (path) => symlinkSync("/nowhere", path)],
  ["a directory that is closed to others", (path) => mkdirSync(path, 0o755)],
  ["a directory that is open to all", (path) => mkdirSync(path)],
];

/** Lays something of bob's where ann's locks would be. */
function layFor(path: string, lay: (path: string) => void, mode?: number): void {
  lay(path);
  execFileSync("chown", ["--no-dereference", `${bob}:${bob}`, path]);
  if (mode !== undefined) chmodSync(path, mode);
}

test.each(hostile)("%s of a stranger in the way is passed by, and nothing is made in it", async (what, lay) => {
  const home = `${placeOf(ann, "/tmp")}-home`;
  mkdirSync(home);
  chownSync(home, ann, ann);
  layFor(placeOf(ann), lay, what.endsWith("open to all") ? 0o1777 : undefined);
  expect(await asLogin(ann, findLock)).toBe(`/dev/shm/otto-${ann}/${name}`);
  expect(lstatSync(placeOf(ann)).uid).toBe(bob);
  expect(readdirSync(home)).toEqual([]);
  const laid = lstatSync(placeOf(ann)).isDirectory() ? readdirSync(placeOf(ann)) : [];
  expect(laid).toEqual([]);
  rmSync(home, { recursive: true });
});

test("a stranger's files in every way are named, and whose they are", async () => {
  for (const base of bases) layFor(placeOf(ann, base), (path) => writeFileSync(path, "x"));
  const named = bases.map((base) => `; ${placeOf(ann, base)} is a regular file of uid ${bob}`).join("");
  expect(await asLogin(ann, findLock)).toBe(`none: no lock directory is writable${named}`);
});

test("a directory named for all, of whoever came first, has no part in it", async () => {
  layFor("/run/lock/otto", (path) => mkdirSync(path), 0o755);
  expect(await asLogin(ann, findLock)).toBe(`${placeOf(ann)}/${name}`);
  rmSync("/run/lock/otto", { recursive: true });
});

test("nobody else can make, take away or rename what a login locks", async () => {
  await asLogin(ann, findLock);
  const path = `${placeOf(ann)}/${name}`;
  const deeds = [`rmdir ${path}`, `mv ${placeOf(ann)} /run/lock/otto-gone`, `mkdir ${path}.used`, `touch ${path}/x`];
  for (const deed of deeds) expect(await asLogin(bob, `${deed} 2>/dev/null || echo refused`)).toBe("refused");
});

test("two logins exclude each other, and each is told of the other by its user id", async () => {
  for (const [first, second] of [
    [ann, bob],
    [bob, ann],
  ] as const) {
    expect(await asLogin(second, tellHolder)).toBe("");
    const holder = await hold(first, "first@desk");
    expect(await asLogin(second, tellHolder)).toMatch(new RegExp(`^waiting \\d+ ${first} \\d+ first@desk$`));
    const next = hold(second, "second@desk");
    await expect.poll(() => isWaiting(second)).toBe(true);
    await letGo(holder);
    await letGo(await next);
  }
});

/** Whether a process of that user waits for a lock, by the kernel's list. */
async function isWaiting(uid: number): Promise<boolean> {
  const { stdout } = await promisify(execFile)("sh", ["-c", "grep -e '->' /proc/locks || :"]);
  const waiting = stdout.split("\n").map((line) => /-> FLOCK\s+\S+\s+\S+\s+(\d+)/.exec(line)?.[1]);
  return waiting.some((pid) => pid !== undefined && ownerOf(pid) === uid);
}

function ownerOf(pid: string): number | undefined {
  return lstatSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
}

test("logins that come for the first time at once are in one at a time", async () => {
  const inside = `/tmp/${name}-inside`;
  const body = `mkdir ${inside} && sleep 0.01 && rmdir ${inside}`;
  const script = `find_lock "$1" && with_lock '${body}' who 2>&1 || echo failed`;
  const all = Array.from({ length: 16 }, (_, n) => asLogin(n % 2 === 0 ? ann : bob, script));
  expect(await Promise.all(all)).toEqual(all.map(() => ""));
});

test("who holds another's lock is told by what the kernel knows, whatever it says", async () => {
  await asLogin(ann, findLock);
  const words = "root@parent (process 1)";
  const holder = await start(bob, ["flock", `${placeOf(ann)}/${name}`, "sh", "-c", "echo held; read -r _", words]);
  expect(await asLogin(ann, tellHolder)).toMatch(
    new RegExp(`^waiting \\d+ ${bob} ${holder.pid} ${words.replace(/[()]/g, "\\$&")}$`),
  );
  await letGo(holder);
});

test.each<[string, (path: string) => void]>([
  ["leads to one's own", (path) => symlinkSync(`${placeOf(ann)}/${name}`, path)],
  ["is a FIFO", (path) => execFileSync("mkfifo", [path])],
  ["is a file", (path) => writeFileSync(path, "")],
  ["belongs to somebody else", (path) => mkdirSync(path)],
  ["cannot be read", (path) => mkdirSync(path)],
])("a lock of another login that %s is left out", async (what, lay) => {
  await asLogin(ann, findLock);
  layFor(placeOf(bob), (path) => mkdirSync(path));
  const path = `${placeOf(bob)}/${name}`;
  layFor(path, lay, what === "cannot be read" ? 0o700 : undefined);
  if (what === "belongs to somebody else") chownSync(path, 0, 0);
  expect(await asLogin(ann, 'find_lock "$1"; lock_places')).toBe(`${placeOf(ann)}/${name}`);
  await letGo(await hold(ann, "ann"));
  // Also when it has become that since it was looked at.
  const places = `lock_places() { echo ${placeOf(ann)}/${name} ${path}; }`;
  expect(await asLogin(ann, `find_lock "$1"; ${places}; with_lock 'echo in' ann 2>/dev/null`)).toBe("in");
});
