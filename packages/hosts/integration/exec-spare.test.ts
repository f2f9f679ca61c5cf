import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { type CommandResult, type ContainerExecOptions, DockerContainerHost } from "@otto/hosts";
import { recordEngineEvents, startLab } from "@otto/lab";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectParent } from "./conformance-parents.js";
import { pauseContainer } from "./container-places.js";
import { isSpared, keeper, type SparePlace, startSparePlace } from "./spare-places.js";

const execute = promisify(execFile);
const shells = ["dash", "bash", "busybox"] as const;

/** All that a process has from its parents, but the numbers of processes and what counts for the whole machine. */
const surroundings = `
env | sort
echo "$PWD|\${OLDPWD-unset}|$SHLVL|$-|$#|$0"
pwd -P
umask
ulimit -a
for fd in 0 1 2; do readlink "/proc/self/fd/$fd" | tr -d 0-9; done
ls /proc/self/fd | wc -l
grep -E '^(Uid|Gid|Groups|SigBlk|SigIgn|SigCgt|Cap|NoNewPrivs|Seccomp|Cpus_allowed):?' /proc/self/status
read -r stat </proc/self/stat
set -- \${stat##*) }
echo "ancestors $(( $3 == $4 )) $(( $3 == $2 )) $(( $3 == PPID )) terminal $5 nice \${17}"
cat /proc/self/oom_score_adj /proc/self/cgroup
cat
`;

const settings: readonly ContainerExecOptions[] = [
  { env: { COLOUR: "green", PATH: "/bin:/nowhere", HOME: "/h", A: "it's\n\\two lines\\", EMPTY: "" } },
  { workdir: "/tmp" },
  { workdir: "/link" },
  { user: "1000" },
  { user: "keeper", workdir: "/" },
  { stdin: "two\nlines" },
  { stdin: "", env: { A: "a\nb" }, user: "1000", workdir: "/tmp" },
];

const commands: readonly (string | readonly string[])[] = [
  surroundings,
  ["env"],
  ["pwd"],
  [
    "printf",
    "%s|",
    "a b",
    "",
    "'\"$(id)`",
    "x\ny\n",
    "\n",
    "é\u{1f41f}",
    "--",
    "~",
    "*",
    "\\",
    "\r\t\u0001",
    "x".repeat(9000),
  ],
  ["sh", "-c", 'printf "%s" "$1" | wc -c', "sh", "w\n".repeat(60_000)],
  "printf out; printf 'no newline' >&2; exit 7",
  "kill -KILL $$",
  "kill -TERM $$",
  "trap 'exit 3' INT; kill -INT $$",
  "exit 126",
  "exit 127",
  "exit 255",
  "kill -TERM 0",
  "(sleep 0.3; echo late; echo late >&2) & echo soon",
  ["no-such-program", "x"],
  ["/etc/passwd"],
  ["/tmp"],
  ["exit", "3"],
];

// What a shell reads or writes itself, and what is none of its variables.
const strange: readonly ContainerExecOptions[] = [
  ...[
    "PWD",
    "OLDPWD",
    "IFS",
    "_",
    "SHLVL",
    "PS4",
    "OPTIND",
    "UID",
    "a-b",
    "1",
    "BASH_ENV",
    "ENV",
    "LC_ALL",
    "SHELLOPTS",
  ],
  ...["POSIXLY_CORRECT", "IGNOREEOF", "CDPATH"],
].map((name) => ({ env: { [name]: "/tmp" } }));

async function outcome(running: Promise<CommandResult>): Promise<unknown> {
  try {
    const { exitCode, stdout, stderr, timedOut } = await running;
    return [exitCode, stdout.toString(), stderr.toString(), timedOut];
  } catch (error) {
    // dash and bash say in which line of their script they were.
    return String(error).replace(/ (line )?\d+:/, "");
  }
}

async function startWithUsers(shell: (typeof shells)[number]): Promise<SparePlace> {
  const place = await startSparePlace(shell, ["--env", "COLOUR=red", "--workdir", "/work/here"]);
  const { uid } = keeper;
  const users = `root:x:0:0::/root:/bin/sh\\nkeeper:x:${uid}:77::/home/keeper:/bin/sh\\n`;
  await place.inside(`printf '${users}' >/etc/passwd; printf 'root:x:0:\\nmany:x:88:keeper\\n' >/etc/group`);
  await place.inside("ln -s /tmp /link; mkdir -p /home/keeper");
  return place;
}

describe.each(shells)("a process that waits for the next command (%s)", (shell) => {
  let place: SparePlace;
  beforeAll(async () => {
    place = await startWithUsers(shell);
  });
  afterAll(() => place[Symbol.asyncDispose]());

  test("runs it as a fresh one does", async () => {
    for (const command of commands) {
      const fresh = await outcome(place.plain.exec(command));
      await place.prepare();
      expect(await outcome(place.host.exec(command)), String(command).slice(0, 40)).toEqual(fresh);
    }
  });

  test("gives it the same surroundings, whatever it is told", async () => {
    for (const setting of settings) {
      const fresh = await outcome(place.plain.exec(surroundings, setting));
      await place.prepare(setting.user);
      expect(await outcome(place.host.exec(surroundings, setting))).toEqual(fresh);
      if (setting.stdin !== undefined) continue;
      await place.prepare(setting.user);
      expect(await place.host.exec(isSpared, setting)).toMatchObject({ exitCode: 0 });
    }
  });

  test("becomes one that has a stdin, which gets every byte of it and its end", async () => {
    const words = Buffer.from("first\n\0last\\");
    for (const command of [
      ["cat"],
      'read -r word; cat; echo "$word" >&2; exit 9',
      ["no-such-program"],
      "kill -TERM 0",
    ]) {
      const fresh = await outcome(place.plain.exec(command, { stdin: words }));
      await place.prepare();
      expect(await outcome(place.host.exec(command, { stdin: words }))).toEqual(fresh);
    }
    await place.prepare();
    const waiting = await place.findProcesses("otto_request");
    const started = await place.host.spawn(["sleep", "4000"]);
    for (const stream of [started.stdout, started.stderr]) stream.resume();
    // Those of other users may wait beside it.
    expect(waiting).toContain((await place.findProcesses("sleep 4000")).join());
    started.kill("SIGTERM");
    expect(await started.exit).toMatchObject({ exitCode: 143 });
  });

  test("leaves to a fresh one what no shell passes on as it is", async () => {
    await place.prepare();
    for (const setting of [
      ...strange,
      { env: { HOME: "" } },
      { workdir: "/no/such" },
      { workdir: "tmp" },
      { user: "nobody-here" },
    ]) {
      const fresh = await outcome(place.plain.exec(["env"], setting));
      expect(await outcome(place.host.exec(["env"], setting)), JSON.stringify(setting)).toEqual(fresh);
    }
  });

  test("is the only one, and other commands at that time do not wait for it", async () => {
    await place.prepare();
    const numbers = Array.from({ length: 30 }, (_, number) => number);
    const limits = { timeoutMs: Number.POSITIVE_INFINITY };
    const results = numbers.map((number) =>
      place.host.exec(`echo ${number}; echo e${number} >&2; exit ${number}`, limits),
    );
    expect(
      (await Promise.all(results)).map((result) => [
        result.exitCode,
        Buffer.concat([result.stdout, result.stderr]).toString(),
      ]),
    ).toEqual(numbers.map((number) => [number, `${number}\ne${number}\n`]));
    await expect.poll(() => place.countSpares()).toBe(1);
  });

  test("is not used when users or groups have changed since it began", async () => {
    const homes = [];
    for (const home of ["/one", "/two", "/two"]) {
      await place.prepare("keeper");
      await place.inside(`sed -i 's|/home/keeper|/one|; s|/one|${home}|' /etc/passwd; touch /etc/group`);
      const { stdout } = await place.host.exec(`echo "$HOME"; ${isSpared} && echo spared`, { user: "keeper" });
      homes.push(stdout.toString());
    }
    expect(homes).toEqual(["/one\n", "/two\n", "/two\nspared\n"]);
    await place.prepare("keeper");
    await place.inside("echo more:x:99:keeper >>/etc/group");
    expect((await place.host.exec(["id", "-G"], { user: "keeper" })).stdout.toString()).toBe("77 88 99\n");
  });

  test("ends what it has begun, children too, at an abort and a time limit", async () => {
    const count = async (words: string) =>
      (await execute("docker", ["top", place.container, "-eo", "pid,args"])).stdout
        .split("\n")
        .filter((line) => line.endsWith(words)).length;
    await place.prepare();
    const controller = new AbortController();
    const aborted = place.host.exec("trap '' TERM; sleep 4001 & sleep 4001; true", { signal: controller.signal });
    await expect.poll(() => count("sleep 4001")).toBe(2);
    controller.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    await expect.poll(() => count("sleep 4001")).toBe(0);
    await place.prepare();
    const limit = { timeoutMs: 3000 };
    const late = await place.host.exec("echo began; sleep 4002 & sleep 4002", limit);
    expect(late).toMatchObject({ exitCode: 124, timedOut: true, stdout: Buffer.from("began\n") });
    await expect.poll(() => count("sleep 4002")).toBe(0);
  });

  test("does not run a command whose signal has fired, or whose time is over", async () => {
    await place.prepare();
    const signal = AbortSignal.abort(new Error("before"));
    await expect(place.host.exec("echo x >>/never", { signal })).rejects.toThrow("before");
    await place.prepare();
    await Promise.all([0, 1, 2].map((timeoutMs) => place.host.exec("echo x >>/late", { timeoutMs })));
    expect(await place.inside("cat /never 2>/dev/null; true")).toBe("");
  });

  const word = "echo once >>/ran";
  const ran = () => place.inside("cat /ran; rm /ran");

  test("that was killed, or whose container was restarted, is replaced, and the command runs once", async () => {
    const losses = [
      () =>
        place.inside(
          'for one in /proc/[0-9]*; do grep -q "otto_reques[t]" "$one/cmdline" && kill -9 "$(basename "$one")"; done; true',
        ),
      () => execute("docker", ["restart", "--time", "0", place.container]),
    ];
    for (const lose of losses) {
      await place.prepare();
      await lose();
      expect(await place.host.exec(word)).toMatchObject({ exitCode: 0 });
      expect(await ran()).toBe("once\n");
    }
  });

  test("runs nothing in a container that is paused, not even when that goes on", async () => {
    await place.prepare();
    await pauseContainer(place.container);
    try {
      await expect(place.host.exec(word)).rejects.toMatchObject({ code: "HOST_NOT_RUNNING" });
    } finally {
      await execute("docker", ["unpause", place.container]);
    }
    await expect.poll(() => place.countSpares()).toBe(0);
    expect(await place.inside("cat /ran 2>/dev/null; true")).toBe("");
    expect(await place.host.exec(word)).toMatchObject({ exitCode: 0 });
    expect(await ran()).toBe("once\n");
  });

  test("ends when it has waited for long, and with its host", async () => {
    await place.prepare();
    await expect.poll(() => place.countSpares()).toBe(0);
    await place.prepare();
    await place.host[Symbol.asyncDispose]();
    await expect.poll(() => place.countSpares()).toBe(0);
  });
});

describe("a container whose commands are awaited by a process", () => {
  let place: SparePlace;
  beforeAll(async () => {
    place = await startSparePlace("dash");
  });
  afterAll(() => place[Symbol.asyncDispose]());

  test("has no further process, nor a request for one, when one command is all", async () => {
    const events = await recordEngineEvents(async () => {
      await using alone = new DockerContainerHost({ id: "a", ...place.names, replica: 1, engine: place.parent.engine });
      await alone.exec(["true"]);
    });
    const created = events.filter(
      ({ Action, Actor }) => Action.startsWith("exec_create") && Actor.ID === place.container,
    );
    expect(created).toHaveLength(1);
  });

  test("does not keep Node from ending", async () => {
    const client = spawn(process.execPath, ["--input-type=module", "--eval", lonelyScript(place)], {
      // A pipe of its own would be one more.
      stdio: "ignore",
    });
    expect(await once(client, "exit")).toEqual([0, null]);
  });

  test("ends one with its host that has not said that it waits", async () => {
    const mute = 'case $2 in *otto_reque*) exec cat 4003 - ;; *) exec /bin/dash "$@" ;; esac';
    await place.inside(`printf '#!/bin/dash\n%s\n' '${mute}' >/bin/mute; chmod 755 /bin/mute`);
    await place.inside("cp /bin/sh /bin/dash && mv /bin/mute /bin/sh");
    await using host = new DockerContainerHost({ id: "m", ...place.names, replica: 1, engine: place.parent.engine });
    expect(await host.exec(["true"])).toMatchObject({ exitCode: 0 });
    await expect.poll(() => place.findProcesses("cat 4003")).toHaveLength(1);
    await host[Symbol.asyncDispose]();
    await expect.poll(() => place.findProcesses("cat 4003")).toEqual([]);
    await place.inside("mv /bin/dash /bin/sh");
  });

  test("stops while it waits", async () => {
    await place.prepare();
    await execute("docker", ["stop", "--time", "0", place.container]);
    await execute("docker", ["start", place.container]);
    expect(await place.host.exec(["true"])).toMatchObject({ exitCode: 0 });
  });

  test("runs the first command of a process in four round trips after the handshake, and later ones in two", async () => {
    await using lab = await startLab({ hosts: { parent: { proxy: { delayMs: 100 } } } });
    await using far = connectParent(lab, "parent");
    await far.exec(["true"]);
    await using host = new DockerContainerHost({ id: "far.r.api", ...place.names, replica: 1, engine: far.engine });
    const { proxy } = lab.hosts.parent;
    const countTrips = async () => {
      const before = proxy?.roundTrips ?? 0;
      expect((await host.exec(["true"])).exitCode).toBe(0);
      return (proxy?.roundTrips ?? 0) - before;
    };
    expect(await countTrips()).toBeLessThanOrEqual(4);
    // A moment after it was started one waits.
    await expect.poll(countTrips, { interval: 1000 }).toBe(2);
  });

  test("has none where a server allows one session, which it would keep from others", async () => {
    await using lab = await startLab({ hosts: { narrow: { maxSessions: 1, allowStreamLocalForwarding: false } } });
    await using far = connectParent(lab, "narrow");
    await using host = new DockerContainerHost({ id: "far.r.api", ...place.names, replica: 1, engine: far.engine });
    for (let n = 0; n < 3; n += 1) {
      expect((await host.exec(isSpared)).exitCode).toBe(1);
      // Longer than it takes to be decided.
      await far.exec(["sleep", "0.3"]);
    }
  });
});

/** Runs commands and then has nothing to do; it fails when something still would keep it from ending. */
function lonelyScript({ names, container }: SparePlace): string {
  return `
    import { execFile } from "node:child_process";
    import { setTimeout as delay } from "node:timers/promises";
    import { promisify } from "node:util";
    import { createLocalParent, DockerContainerHost } from "@otto/hosts";
    const docker = { command: ["docker"], stagingRoot: undefined };
    const { engine } = createLocalParent({ id: "local", docker, socketPath: undefined, env: process.env });
    const host = new DockerContainerHost({ id: "local.r.api", ...${JSON.stringify(names)}, replica: 1, engine });
    for (;;) {
      if ((await host.exec(${JSON.stringify(isSpared)})).exitCode === 0) break;
      await delay(300);
    }
    const isWaiting = async () =>
      (await promisify(execFile)("docker", ["top", "${container}"])).stdout.includes("otto_request");
    while (!(await isWaiting())) await delay(50);
    while (process.getActiveResourcesInfo().includes("PipeWrap")) await delay(50);
    // Were it for the process that waits, that one would have ended by now.
    process.exitCode = (await isWaiting()) ? 0 : 1;
  `;
}
