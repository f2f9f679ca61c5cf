import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { quoteWord } from "@otto/errors";
import { createLocalParent, type Parent } from "@otto/hosts";
import { expect, test } from "vitest";
import { readAnswers } from "./session-answers.js";
import { scriptEnd, sessionScript } from "./session-script.js";
import { openStackSession } from "./stack-session.js";

const project = `otto-session-${process.pid}`;

function openParent(env: Readonly<Record<string, string | undefined>> = process.env): Parent {
  return createLocalParent({
    id: "local",
    docker: { command: ["docker"], stagingRoot: undefined },
    socketPath: undefined,
    env,
  });
}

test("the command is short enough for Dropbear, which ends a connection that asks for one of 9000 bytes", async () => {
  await using parent = openParent();
  let asked = "";
  const recording: Parent = {
    ...parent,
    spawn: async (argv) => {
      asked = argv.map(quoteWord).join(" ");
      throw new Error("asked");
    },
  };
  const long = { parent: recording, project: `otto-${"p".repeat(100)}-ci` };
  const opening = openStackSession(long, { who: "w".repeat(100) });
  await expect(opening).rejects.toThrow("asked");
  // What goes around it takes 2300.
  expect(Buffer.byteLength(asked)).toBeLessThan(6000);
});

test("an abort while its process starts ends the wait for a lock that another holds", async () => {
  await using parent = openParent();
  await using _holder = await openStackSession({ parent, project }, { who: "holder" });
  const controller = new AbortController();
  const aborting: Parent = {
    ...parent,
    spawn: async (argv, options) => {
      const process = await parent.spawn(argv, options);
      controller.abort();
      return process;
    },
  };
  const waiting = openStackSession({ parent: aborting, project }, { who: "waiter", signal: controller.signal });
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
});

test("a process that starts after the abort is let go", async () => {
  await using parent = openParent();
  let start = () => {};
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  let exit: Promise<unknown> | undefined;
  const late: Parent = {
    ...parent,
    spawn: async (argv, options) => {
      await started;
      const process = await parent.spawn(argv, options);
      exit = process.exit;
      return process;
    },
  };
  const controller = new AbortController();
  const opening = openStackSession({ parent: late, project }, { who: undefined, signal: controller.signal });
  controller.abort();
  await expect(opening).rejects.toMatchObject({ name: "AbortError" });
  start();
  await expect.poll(() => exit).toBeDefined();
  await exit;
});

test("a command after one whose input broke has an answer of its own", async () => {
  await using parent = openParent();
  await using session = await openStackSession({ parent, project }, { who: undefined });
  const input = new Readable({ read: () => {} }).on("error", () => {});
  const fed = session.run("cat", { input });
  input.destroy(new Error("broken"));
  await expect(fed).rejects.toThrow("broken");
  const next = session.run("echo next");
  await setImmediate();
  // Whatever is answered meanwhile comes in one piece.
  execFileSync("sleep", ["0.5"]);
  expect(await next).toEqual({ exitCode: 0, output: "next\n" });
});

test("commands that are sent at once have answers of their own, one after the other", async () => {
  await using parent = openParent();
  await using session = await openStackSession({ parent, project }, { who: undefined });
  const commands = ["sleep 0.2; echo a", "echo b; exit 3", "cat", "echo d"];
  const outcomes = commands.map((command) =>
    session.run(command, command === "cat" ? { input: Readable.from([Buffer.from("c\n")]) } : {}),
  );
  expect(await Promise.all(outcomes)).toEqual([
    { exitCode: 0, output: "a\n" },
    { exitCode: 3, output: "b\n" },
    { exitCode: 0, output: "c\n" },
    { exitCode: 0, output: "d\n" },
  ]);
});

test("what waits for its turn in a session that ends is refused", async () => {
  await using parent = openParent();
  const session = await openStackSession({ parent, project }, { who: undefined });
  const first = session.run("exec sleep 30");
  const second = session.run("echo late");
  const refused = [first, second].map((each) => expect(each).rejects.toMatchObject({ code: "COMPOSE_SESSION_LOST" }));
  await session[Symbol.asyncDispose]();
  await Promise.all(refused);
});

/** Starts a session's process as one whose client can be taken away. */
async function startSession(parent: Parent) {
  const nonce = randomBytes(8).toString("hex");
  const process = await parent.spawn(["sh", "-c", sessionScript, "otto-stack", nonce, project, "victim"]);
  const said = readAnswers(process.stdout, nonce, () => {});
  while ((await said.state()) !== "ready");
  const send = (verb: string, script: string) => process.stdin.write(`${verb} ${script.length}\n${script}`);
  return {
    run: (script: string) => send("run", script + scriptEnd(nonce)),
    answer: () => said.next(),
    process,
    send,
    nonce,
    /** As a client that is killed: nobody reads any more, either. */
    vanish: () => {
      for (const stream of [process.stdout, process.stderr, process.stdin]) stream.destroy();
    },
  };
}

const feedHalf = (nonce: string) => {
  const script = `cat >/dev/null${scriptEnd(nonce)}`;
  return `feed ${script.length}\n${script}1000\nhalf of it`;
};

/** Longer with OTTO_KILLS=100. */
const kills = Number(process.env.OTTO_KILLS ?? 6);

test("a client that vanishes leaves no lock and no process, whatever runs", {
  timeout: 60_000 + kills * 5000,
}, async () => {
  await using parent = openParent();
  const deaf = "trap '' TERM HUP PIPE; while :; do sleep 0.05; echo word; done";
  const cases = [`${deaf} >&2 & echo begun`, `echo begun; ${deaf}`, "echo begun; sleep 30", "echo begun"];
  for (let round = 0; round < kills; round += 1) {
    const session = await startSession(parent);
    const command = cases[round % cases.length] as string;
    const begun = once(session.process.stdout, "data");
    session.run(command);
    await begun;
    if (round % 3 === 2) session.process.stdin.write(feedHalf(session.nonce));
    if (round % 5 === 4) session.process.stdin.write("ping\nping\nping\n");
    session.vanish();
    // A whole second, on a machine that has other things to do as well.
    execFileSync("flock", ["--timeout", "1", `/run/lock/otto-${process.getuid?.()}/${project}`, "true"]);
    await expect.poll(() => processesOf(project)).toEqual([]);
  }
});

test("the directory of a session goes with it, also when its client vanishes", async () => {
  await using parent = openParent();
  const make = 'made=$(make_scratch) && : >"$made/file" && printf %s "$made"';
  const ended = await openStackSession({ parent, project }, { who: "ended" });
  const { output: first } = await ended.run(make);
  expect(existsSync(join(first, "file"))).toBe(true);
  await ended[Symbol.asyncDispose]();
  await expect.poll(() => existsSync(first)).toBe(false);
  const session = await startSession(parent);
  const second = join(tmpdir(), `otto-${session.nonce}`);
  const begun = once(session.process.stdout, "data");
  session.run(`${make}; sleep 30`);
  await begun;
  expect(existsSync(join(second, "file"))).toBe(true);
  session.vanish();
  await expect.poll(() => processesOf(project)).toEqual([]);
  expect(existsSync(second)).toBe(false);
});

test("a script of which only a part has come is not run", async () => {
  await using parent = openParent();
  const session = await startSession(parent);
  const file = join(tmpdir(), `otto-partial-${session.nonce}`);
  const script = `: >${file}\n`;
  session.process.stdin.write(`feed ${script.length + scriptEnd(session.nonce).length}\n${script}`);
  session.process.stdin.end();
  await session.process.exit;
  expect(existsSync(file)).toBe(false);
});

test("a session whose lock is lost ends, and what it runs", async () => {
  await using parent = openParent();
  const session = await openStackSession({ parent, project }, { who: "robbed" });
  const running = session.run("sleep 30");
  const waits: number[] = [];
  const controller = new AbortController();
  const onWaiting = ({ pid }: { pid?: number | undefined }) => {
    waits.push(pid ?? 0);
    controller.abort();
  };
  const waiting = openStackSession({ parent, project }, { who: "robber", onWaiting, signal: controller.signal });
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  process.kill(waits[0] as number, "SIGKILL");
  await expect(running).rejects.toMatchObject({ code: "COMPOSE_SESSION_LOST" });
  await expect.poll(() => processesOf(project)).toEqual([]);
});

test.each(["flock", "dd", "tar", "sleep"])("a parent without %s is always refused with the cause", async (program) => {
  const bin = mkdtempSync(join(tmpdir(), "otto-bin-"));
  const others = ["sh", "cat", "dd", "env", "flock", "id", "mkdir", "rm", "sed", "sleep", "stat", "tar", "tr", "head"];
  for (const name of others.filter((other) => other !== program)) symlinkSync(`/bin/${name}`, join(bin, name));
  await using parent = openParent({ PATH: bin });
  for (let round = 0; round < 10; round += 1) {
    const opening = openStackSession({ parent, project }, { who: "any" });
    await expect(opening).rejects.toMatchObject({
      code: "COMPOSE_PROGRAM_MISSING",
      message: `cannot work on stacks on local: it lacks ${program}`,
    });
  }
  rmSync(bin, { recursive: true });
});

/** Commands that run and name the project. */
function processesOf(name: string): string[] {
  const commands = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => readCommand(entry));
  return commands.filter((command) => command.includes(name));
}

function readCommand(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
