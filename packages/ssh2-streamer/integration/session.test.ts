import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { type Lab, startLab } from "@otto/lab";
import { openSshSession, type SshSession } from "ssh2-streamer";
import { afterAll, beforeAll, expect, test } from "vitest";
import { routeTo } from "./lab-route.js";

let lab: Lab<"first" | "second" | "parent">;
let session: SshSession;

beforeAll(async () => {
  lab = await startLab({ hosts: { first: {}, second: { hop: "first" }, parent: { hop: "second" } } });
  session = openSshSession(routeTo(lab, "parent"));
});

afterAll(async () => {
  await session.close();
  await lab[Symbol.asyncDispose]();
});

test("a command's stdout, stderr and exit code come apart and exact", async () => {
  const result = await session.exec(["sh", "-c", "printf 'a\\0b'; printf oops >&2; exit 7"]);
  expect({ ...result, stdout: result.stdout.toString("hex") }).toEqual({
    exitCode: 7,
    stdout: "610062",
    stderr: Buffer.from("oops"),
  });
});

test("bytes go in and come out unchanged", async () => {
  const bytes = randomBytes(5_000_000);
  const { stdout } = await session.exec(["cat"], { stdin: bytes });
  expect(stdout.equals(bytes)).toBe(true);
});

test("a command may end without reading its stdin", async () => {
  const result = await session.exec(["true"], { stdin: randomBytes(20_000_000) });
  expect(result.exitCode).toBe(0);
});

test("a command may end while its stdin stays open and silent", async () => {
  const silent = new Readable({ read() {} });
  expect((await session.exec(["true"], { stdin: silent })).exitCode).toBe(0);
  expect(silent.destroyed).toBe(true);
});

test("a signal that ended a command is told", async () => {
  const result = await session.exec(["sh", "-c", "kill -KILL $$"]);
  expect(result).toMatchObject({ exitCode: 137, signal: "SIGKILL" });
});

test("arguments, variables and the directory arrive as they were given", async () => {
  const argv = [
    "sh",
    "-c",
    'printf "%s|" "$@" "$PWD" "$KEY"',
    "sh",
    "a b",
    "",
    "'\"$(id)`",
    "x\ny",
    "é",
    "--",
    "~",
    "*",
  ];
  const { stdout } = await session.exec(argv, { cwd: "/usr", env: { KEY: "it's\n$HOME" } });
  expect(stdout.toString().split("|")).toEqual([...argv.slice(4), "/usr", "it's\n$HOME", ""]);
});

test("three machines take one handshake each, however many calls there are", async () => {
  await Promise.all(Array.from({ length: 8 }, () => session.exec(["true"])));
  const handshakes = Object.values(lab.hosts).map((host) => host.handshakes());
  expect(await Promise.all(handshakes)).toEqual([1, 1, 1]);
});

test("an aborted command is gone from the machine, with its children, and the call rejects with the reason", async () => {
  const mark = `4242.${process.pid}`;
  const controller = new AbortController();
  const running = session.exec(["sh", "-c", `sleep ${mark} & sleep ${mark}; true`], { signal: controller.signal });
  const count = async () => (await session.exec(["pgrep", "-c", "-f", `sleep ${mark}$`])).stdout.toString().trim();
  await expect.poll(count).toBe("2");
  controller.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
  expect(await count()).toBe("0");
});

test("a command over its time or its output is ended and says so", async () => {
  await expect(session.exec(["sleep", "60"], { timeoutMs: 50 })).rejects.toMatchObject({ code: "COMMAND_TIMED_OUT" });
  await expect(session.exec(["yes"], { maxOutputBytes: 1000 })).rejects.toMatchObject({ code: "COMMAND_OUTPUT_LIMIT" });
});

test("a process with a terminal sees its size and its changes", async () => {
  const terminal = { columns: 91, rows: 17 };
  const process = await session.spawn(["sh", "-c", "stty size; read go; stty size"], { terminal });
  await once(process.stdout, "readable");
  process.resize(50, 20);
  process.stdin.write("go\n");
  expect((await text(process.stdout)).replaceAll("\r", "").split("\n")).toEqual(["17 91", "go", "20 50", ""]);
  expect(await process.exit).toEqual({ exitCode: 0 });
});

test("an aborted process with a terminal is hung up on", async () => {
  const mark = `4141.${process.pid}`;
  const controller = new AbortController();
  const terminal = { columns: 80, rows: 24 };
  const started = await session.spawn(["sh", "-c", `echo on; sleep ${mark}`], { terminal, signal: controller.signal });
  await once(started.stdout, "readable");
  controller.abort(new Error("enough"));
  await expect(started.exit).rejects.toThrow("enough");
  const count = async () => (await session.exec(["pgrep", "-c", "-f", `sleep ${mark}$`])).stdout.toString().trim();
  await expect.poll(count).toBe("0");
});

test("the engine answers over its socket", async () => {
  const socket = await session.dialEngine();
  socket.write("GET /_ping HTTP/1.0\r\n\r\n");
  expect(await text(socket)).toMatch(/^HTTP\/1\.0 200 OK/);
});

test("a port of the machine is reached", async () => {
  const socket = await session.dialTcp("127.0.0.1", lab.hosts.parent.sshdPort);
  const [banner] = (await once(socket, "data")) as [Buffer];
  expect(banner.toString()).toMatch(/^SSH-2\.0-OpenSSH/);
  socket.destroy();
});

test("a socket that is not there is a refusal naming the machine", async () => {
  await expect(session.dialSocket("/nowhere.sock")).rejects.toMatchObject({
    code: "SSH_FORWARDING_REFUSED",
    details: { hop: "parent" },
  });
});

test("a tree arrives with its contents, modes and links, in a directory that is made", async () => {
  const tree = join(lab.directory, "tree");
  await mkdir(join(tree, "empty"), { recursive: true });
  await writeFile(join(tree, "a b"), "text", { mode: 0o755 });
  await symlink("a b", join(tree, "link"));
  const target = join(lab.directory, "new", "it's here");
  await session.sendTree(spawn("tar", ["-cf", "-", "-C", tree, "."]).stdout.pipe(new PassThrough()), target);
  expect((await readdir(target)).toSorted()).toEqual(["a b", "empty", "link"]);
  expect(await readFile(join(target, "link"), "utf8")).toBe("text");
  expect((await stat(join(target, "a b"))).mode & 0o777).toBe(0o755);
});

test("a tree that cannot be unpacked says what tar said", async () => {
  const broken = session.sendTree(Readable.from([Buffer.alloc(2048, "x")]), join(lab.directory, "broken"));
  await expect(broken).rejects.toMatchObject({
    code: "COMMAND_FAILED",
    message: expect.stringContaining("tar") as string,
  });
});

test("a compressed session carries the same bytes, in fewer of them", async () => {
  await using slow = await startLab({ hosts: { parent: { proxy: {} } } });
  await using compressed = openSshSession(routeTo(slow, "parent", { compress: true }));
  const input = Buffer.from("all work and no play\n".repeat(100_000));
  const { stdout } = await compressed.exec(["cat"], { stdin: input });
  expect(stdout.equals(input)).toBe(true);
  expect(slow.hosts.parent.proxy?.bytes.up).toBeLessThan(input.length / 20);
});

test("a program that closes its session ends by itself, and so does one whose connection was lost", async () => {
  const program = `
    import { openSshSession } from "ssh2-streamer";
    const route = JSON.parse(process.argv[1]);
    const session = openSshSession(route);
    await session.exec(["true"]);
    const stream = await session.dialEngine();
    if (process.argv[2] === "lose") {
      await session.exec(["sh", "-c", "kill $PPID; sleep 5"]).catch((error) => console.log(error.code));
    }
    await session.close();`;
  for (const [way, said] of [
    ["close", ""],
    ["lose", "SSH_CONNECTION_LOST\n"],
  ]) {
    const args = ["--input-type=module", "-e", program, JSON.stringify(routeTo(lab, "parent")), way ?? ""];
    const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] });
    const exited = once(child, "exit");
    expect([await text(child.stdout), (await exited)[0]]).toEqual([said, 0]);
  }
});
