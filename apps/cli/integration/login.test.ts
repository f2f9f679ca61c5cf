import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Lab, labJson, startLab } from "@otto/lab";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runOtto } from "./otto-process.js";
import { TestTerminal } from "./terminal.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

const execute = promisify(execFile);
let lab: Lab<"bastion" | "parent">;
let repo: TestRepo;

beforeAll(async () => {
  lab = await startLab({ hosts: { bastion: {}, parent: { hop: "bastion", proxy: {} } } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  await repo.write("lab.json", JSON.stringify(labJson(lab, "veg")));
  const { exitCode, stderr } = await runOtto(repo.place, ["docker", "up"]);
  if (exitCode !== 0) throw new Error(stderr);
});

afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const container = () => `parent.${repo.name}.api`;
const hosts = [
  ["a container", container],
  ["a parent", () => "parent"],
  ["this machine", () => "local"],
] as const;
const prompt = /[#$] /;
const size = { columns: 100, rows: 30 };

function placeOf(id: string) {
  // Without a lab's name it is the lab of this machine.
  return id === "local" ? { ...repo.place, env: { ...repo.place.env, OTTO_LAB: "" } } : repo.place;
}

async function login(id: string): Promise<TestTerminal> {
  const terminal = await TestTerminal.open(placeOf(id), ["host", id, "login"], size);
  await terminal.sees(prompt);
  return terminal;
}

/** Starts one process that shows that it runs; where one starts another, a key can come in between. */
async function startCat(terminal: TestTerminal): Promise<void> {
  // A shell that still edits its line would take what is meant for `cat`.
  terminal.type('echo co""ming; cat\r');
  await terminal.sees("coming\r\n");
  terminal.type("here\r");
  await terminal.sees("here\r\nhere\r\n");
}

/** How many processes have exactly these words; asked of the engine, or of this machine, which is the parent, too. */
async function countProcesses(id: string, words: string): Promise<number> {
  const argv = id === "parent" ? ["ps"] : ["docker", "top", `${repo.project}-api-1`];
  const { stdout } = await execute("env", [...argv, "-eo", "pid,args"]);
  return stdout.split("\n").filter((line) => line.replace(/^ *\d+ +/, "") === words).length;
}

describe.each(hosts)("login on %s", (_name, id) => {
  test("has the terminal's size, follows it, and ends with the shell's exit code", async () => {
    await using terminal = await login(id());
    terminal.type("stty size\r");
    await terminal.sees("30 100");
    await terminal.resize(120, 40);
    // The new size is on its way while the next line is.
    terminal.type('until [ "$(stty size)" = "40 120" ]; do :; done; echo re""sized\r');
    await terminal.sees("resized");
    terminal.type("exit 7\r");
    const { exitCode, before, after } = await terminal.finished();
    expect(exitCode).toBe(7);
    expect(after).toBe(before.replace("rows 30; columns 100", "rows 40; columns 120"));
  });

  test("gives Ctrl-C, Ctrl-Z and Ctrl-D to what runs there", async () => {
    await using terminal = await login(id());
    await startCat(terminal);
    terminal.type("\u0003");
    await terminal.sees(prompt);
    terminal.type('echo co""de $?\r');
    await terminal.sees("code 130");
    await startCat(terminal);
    terminal.type("\u001a");
    await terminal.sees("Stopped");
    // `fg` waits until the job is gone: a shell does not end while it has a stopped one.
    terminal.type('kill -KILL %1; fg; echo co""unting; wc -c\r');
    await terminal.sees("counting\r\n");
    terminal.type("four\r\u0004");
    await terminal.sees("5\r\n");
    // On a terminal whose mode the shell has not set yet, the end of the input is lost.
    await terminal.sees(prompt);
    terminal.type("\u0004");
    expect((await terminal.finished()).exitCode).toBeLessThan(255);
  });

  test("passes every byte that is typed", async () => {
    await using terminal = await login(id());
    terminal.type('stty raw -echo; echo re""ady; head -c 8 | od -An -tx1; stty sane\r');
    await terminal.sees("ready");
    terminal.type("\u0000\u0001\u0003\u0011\u007f\u00ff\u001b\r");
    expect(await terminal.sees(/00 01 .*\n/)).toContain("00 01 03 11 7f ff 1b 0d");
  });

  test("runs vi and top", async () => {
    await using terminal = await login(id());
    const file = `/tmp/otto-login-${repo.name}`;
    terminal.type(`busybox vi ${file}\r`);
    await terminal.sees(`- ${file}`);
    terminal.type("ihello from vi");
    await terminal.sees("hello from vi");
    terminal.type("\u001b");
    await terminal.sees(`- ${file}`);
    terminal.type(":wq\r");
    await terminal.sees(prompt);
    terminal.type(`tr a-z A-Z <${file}; rm ${file}\r`);
    await terminal.sees("HELLO FROM VI");
    terminal.type('busybox top; echo back a""gain\r');
    await terminal.sees("Load average");
    terminal.type("q");
    expect(await terminal.sees("back again")).toContain("back again");
  });
});

test.each(hosts)("a login on %s is a wrong use where nobody sits at a terminal", async (_name, id) => {
  const { exitCode, stdout, stderr } = await runOtto(placeOf(id()), ["host", id(), "login"]);
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/terminal/);
  for (const verb of ["exec", "run"]) expect(stderr).toContain(`otto host ${id()} ${verb}`);
});

describe.each(hosts.slice(0, 2))("a login over SSH on %s", (_name, id) => {
  const seconds = { broken: 4711, killed: 4712 };

  /** How many run of what `startBoth` starts. */
  function countBoth(word: keyof typeof seconds): Promise<number[]> {
    return Promise.all([`sleep ${seconds[word]}`, `busybox vi /tmp/${word}`].map((it) => countProcesses(id(), it)));
  }

  async function startBoth(word: keyof typeof seconds): Promise<TestTerminal> {
    const terminal = await login(id());
    terminal.type(`sleep ${seconds[word]} & busybox vi /tmp/${word}\r`);
    await terminal.sees(`- /tmp/${word}`);
    await expect.poll(() => countBoth(word)).toEqual([1, 1]);
    return terminal;
  }

  test("ends there when the link breaks, and leaves the terminal as it was", async () => {
    await using terminal = await startBoth("broken");
    lab.hosts.parent.proxy?.cut();
    const { exitCode, before, after } = await terminal.finished();
    expect([exitCode, after]).toEqual([255, before]);
    // The other screen is left and the cursor is shown again.
    expect(terminal.screen).toContain("\u001b[?1049l\u001b[?25h");
    // Within 5 s on a machine that is not busy.
    await expect.poll(() => countBoth("broken")).toEqual([0, 0]);
  });

  test("leaves nothing running when otto is killed", async () => {
    await using terminal = await startBoth("killed");
    process.kill(await terminal.pid(), "SIGKILL");
    // Within 5 s on a machine that is not busy.
    await expect.poll(() => countBoth("killed")).toEqual([0, 0]);
  });
});
