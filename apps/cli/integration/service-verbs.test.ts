import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type EngineEvent, type Lab, labJson, recordEngineEvents, startLab } from "@otto/lab";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { finished, launcher, lineOf, runJson, runOtto, startOtto } from "./otto-process.js";
import { TestTerminal } from "./terminal.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

const execute = promisify(execFile);
const secret = "words-of-a-secret";
let lab: Lab<"parent">;
let repo: TestRepo;

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: {} } });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  await repo.write("lab.json", JSON.stringify(labJson(lab, "veg")));
  const service = { image: `${repo.name}-api:latest`, init: true };
  const services = {
    web: {
      ...service,
      scale: 2,
      depends_on: ["db"],
      ports: ["8080", "90/udp"],
      command: ["sh", "-c", "echo up; exec sleep infinity"],
    },
    // What a secret holds is in a variable, too.
    db: { ...service, environment: { COPIED: secret }, secrets: ["token"] },
    once: { ...service, command: ["true"] },
    idle: { ...service, profiles: ["idle"] },
    made: { ...service, profiles: ["idle"], secrets: ["word"], configs: ["note"] },
  };
  const secrets = { token: { file: "token" }, word: { environment: "WORD" } };
  const configs = { note: { content: "a note\n" } };
  await repo.write("docker/compose.yml", JSON.stringify({ services, secrets, configs }));
  await repo.write("docker/.env", "WORD=a-word\n");
  await repo.write("docker/token", secret);
  const { exitCode, stderr } = await runOtto(repo.place, ["up"]);
  if (exitCode !== 0) throw new Error(stderr);
});

afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The reference, over the same stack. */
async function compose(...words: readonly string[]): Promise<Ended> {
  const file = join(repo.root, "docker/compose.yml");
  return run("docker", ["compose", "--ansi", "never", "-p", repo.project, "-f", file, ...words]);
}

async function run(program: string, words: readonly string[]): Promise<Ended> {
  try {
    return { ...(await execute(program, [...words])), exitCode: 0 };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { exitCode: code, stdout, stderr };
  }
}

/** Each container's name and state. */
async function states(): Promise<readonly string[]> {
  const filter = `label=com.docker.compose.project=${repo.project}`;
  const format = "{{.Names}} {{.State}}";
  const { stdout } = await execute("docker", ["ps", "--all", "--filter", filter, "--format", format]);
  return stdout.trimEnd().split("\n").toSorted();
}

const isOfContainer = ({ Type }: EngineEvent) => Type === "container";

function wordsOf({ Action, Actor: { Attributes } }: EngineEvent): string {
  const { name = "", signal = "", exitCode = "" } = Attributes;
  return [Action, name, signal, exitCode].join(" ");
}

describe("what changes containers", () => {
  test.each([
    [["stop", "-t", "30", "web"], []],
    [["start", "web"], ["stop"]],
    // Not the one-shot: whether it has ended when the command has is left to chance.
    [
      ["restart", "--timeout", "1", "db", "web"],
      ["stop", "web"],
    ],
    [["kill", "-s", "CONT", "web"], []],
    [["kill", "db", "web"], []],
    [
      ["pause", "db"],
      ["pause", "db"],
    ],
    [["unpause", "web"], ["pause"]],
    [["stop", "nosuch"], []],
  ])("otto %j after %j does to the engine what docker compose does", async (words, before) => {
    const attempt = async (perform: () => Promise<Ended>) => {
      await reset();
      if (before.length > 0) await compose(...before);
      let ended: Ended | undefined;
      const events = await recordEngineEvents(async () => {
        ended = await perform();
      });
      const isDone = ended?.exitCode === 0;
      return { isDone, states: await states(), events: events.filter(isOfContainer).map(wordsOf).toSorted() };
    };
    const wanted = await attempt(() => compose(...words));
    const seen = await attempt(() => runOtto(repo.place, words));
    expect(seen).toEqual(wanted);
  });

  const reset = async () => {
    // Compose's own unpause stops at the first container that is not paused.
    const { stdout } = await execute("docker", ["ps", "--quiet", "--filter", "status=paused"]);
    if (stdout !== "") await execute("docker", ["unpause", ...stdout.trimEnd().split("\n")]);
    await compose("start", "web");
  };

  test("a dry run says which containers would change, and changes nothing", async () => {
    await reset();
    await compose("stop", "web");
    const before = await states();
    const { lines, exitCode } = await runJson(repo.place, ["--dry-run", "stop"]);
    expect(exitCode).toBe(0);
    expect(lines).toMatchObject([
      { type: "step", do: "stop", host: `parent.${repo.name}.db`, service: "db", cause: "it is running" },
      { type: "result" },
    ]);
    expect(await states()).toEqual(before);
  });

  test("the result names each container by its host, with its state", async () => {
    await reset();
    const { stdout, exitCode } = await runOtto(repo.place, ["kill", "web"]);
    expect([exitCode, stdout.replaceAll(/ +/g, " ")]).toEqual([
      0,
      `parent.${repo.name}.web exited (137)\nparent.${repo.name}.web.2 exited (137)\n`,
    ]);
    const { lines } = await runJson(repo.place, ["start", "web"]);
    const hosts = lines.filter(({ type }) => type === "host");
    expect(hosts.map(({ service, state }) => `${service as string} ${state as string}`)).toEqual([
      "web running",
      "web running",
    ]);
  });

  test("up starts what was stopped on purpose, as compose does", async () => {
    await compose("stop", "db");
    expect((await runOtto(repo.place, ["up"])).exitCode).toBe(0);
    expect(await states()).toContain(`${repo.project}-db-1 running`);
  });
});

describe("ps", () => {
  const ps = async (...words: readonly string[]) => {
    const { exitCode, stdout } = await runOtto(repo.place, ["ps", ...words]);
    return { exitCode, stdout };
  };

  test.each([["-q"], ["-a", "-q"], ["-q", "web"], ["--services"], ["--services", "-a"], ["-q", "--status", "exited"]])(
    "otto ps %s %s %s prints what docker compose ps does",
    async (...words) => {
      const { exitCode, stdout } = await compose("ps", ...words);
      expect(await ps(...words)).toEqual({ exitCode, stdout });
    },
  );

  test("--format json has compose's fields with compose's values", async () => {
    const words = ["ps", "--all", "--format", "json"];
    const [wanted, seen] = await Promise.all([compose(...words), runOtto(repo.place, words)]);
    const read = (text: string) =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .toSorted((a, b) => String(a.Name).localeCompare(String(b.Name)));
    const same = ["ID", "Name", "Image", "Project", "Service", "State", "Health", "ExitCode"];
    const pick = (row: Record<string, unknown>) => Object.fromEntries(same.map((key) => [key, row[key]]));
    expect(read(seen.stdout).map(pick)).toEqual(read(wanted.stdout).map(pick));
  });

  test("the dashboard has each service, absent ones too, and a one-off container only with --all", async () => {
    await execute("docker", ["rm", "--force", `${repo.project}-once-1`]);
    await compose("run", "--detach", "--name", `${repo.name}-oneoff`, "db", "sleep", "60");
    const { stdout } = await ps();
    const lines = stdout.split("\n").map((line) => line.split(/ {2,}/).slice(0, 2).join(" "));
    expect(lines.slice(0, -1)).toEqual([
      `${repo.name} on parent`,
      "ID STATE",
      `parent.${repo.name}.db running`,
      `parent.${repo.name}.once absent`,
      `parent.${repo.name}.web running`,
      `parent.${repo.name}.web.2 running`,
    ]);
    expect((await ps("--all")).stdout).toMatch(new RegExp(`^${repo.name}-oneoff +running`, "m"));
    const { lines: records } = await runJson(repo.place, ["ps", "once", "db"]);
    expect(records).toMatchObject([
      { type: "service", service: "db", state: "running", owner: "ci", image: `${repo.name}-api:latest` },
      { type: "service", service: "once", state: "absent", host: `parent.${repo.name}.once` },
      { type: "result" },
    ]);
    expect((await ps("--all-stacks")).stdout).toMatch(new RegExp(`^parent +${repo.name}-oneoff `, "m"));
    await execute("docker", ["rm", "--force", `${repo.name}-oneoff`]);
  });
});

describe("exec, cp and logs", () => {
  beforeAll(async () => {
    await compose("up", "--detach", "--no-recreate");
  });

  test.concurrent.each([
    [["-e", "A=1", "-e", "OURS", "web", "sh", "-c", 'echo "$A $OURS"; exit 7']],
    [["-w", "/etc", "-u", "65534", "web", "sh", "-c", "pwd; id -u; echo err >&2"]],
    [["--index", "2", "web", "hostname"]],
    [["-i", "db", "cat"]],
    [["db", "sh", "-c", "kill -9 $$"]],
  ])("otto exec %j gives what docker compose exec does", async (words) => {
    const env = { OURS: "ours" };
    const place = { ...repo.place, env: { ...repo.place.env, ...env } };
    const file = join(repo.root, "docker/compose.yml");
    const reference = execute("docker", ["compose", "-p", repo.project, "-f", file, "exec", "-T", ...words], {
      env: { ...process.env, ...env },
    });
    reference.child.stdin?.end("fed\n");
    const wanted = await reference.then(
      ({ stdout, stderr }) => ({ exitCode: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        exitCode: code,
        stdout,
        stderr,
      }),
    );
    expect(await runOtto(place, ["exec", ...words], "fed\n")).toEqual(wanted);
  });

  test("exec -d leaves the command running", async () => {
    const script = "sleep 0.2; echo done > /detached; sleep 60";
    expect(await runOtto(repo.place, ["exec", "-d", "db", "sh", "-c", script])).toMatchObject({
      exitCode: 0,
      stdout: "",
    });
    await expect.poll(async () => (await compose("exec", "-T", "db", "cat", "/detached")).stdout).toBe("done\n");
  });

  test("exec -it gives a terminal, and its shell's exit code", async () => {
    await using terminal = await TestTerminal.open(repo.place, ["exec", "-it", "web", "sh"]);
    await terminal.sees("# ");
    terminal.type("test -t 0 && stty size; exit 5\n");
    await terminal.sees("24 80");
    expect((await terminal.finished()).exitCode).toBe(5);
  });

  test.each([
    [["exec", "nosuch", "true"], "HOST_UNKNOWN", "Known container hosts"],
    [["exec", "parent", "true"], "HOST_UNKNOWN", "otto host parent exec"],
    [["exec", "-t", "web", "true"], "CLI_USAGE", "Leave -t out."],
    [["exec", "--repo", "nosuch", "web", "true"], "CONFIG_UNKNOWN_REPO", ""],
  ])("%j never runs", async (words, code, hint) => {
    const { lines, exitCode } = await runJson(repo.place, words);
    expect(exitCode).toBe(255);
    expect(lines[0]).toMatchObject({ type: "error", code, hint: expect.stringContaining(hint) });
  });

  test("cp copies both ways, and an archive by a stream", async () => {
    await repo.write("sent/file", "text\n");
    const copy = (...words: readonly string[]) => runOtto(repo.place, ["cp", ...words]);
    expect((await copy("sent", "db:/srv")).exitCode).toBe(0);
    expect((await compose("exec", "-T", "db", "cat", "/srv/file")).stdout).toBe("text\n");
    expect((await copy("db:/srv/file", "fetched")).exitCode).toBe(0);
    expect(await readFile(join(repo.root, "fetched"), "utf8")).toBe("text\n");
    const line = `node ${launcher} cp db:/srv - | tar -xO srv/file`;
    const streamed = await execute("sh", ["-c", line], { cwd: repo.root, env: { ...process.env, ...repo.place.env } });
    expect(streamed.stdout).toBe("text\n");
    const back = `mkdir -p packed && echo back > packed/one && tar -c packed | node ${launcher} cp - db:/srv`;
    await execute("sh", ["-c", back], { cwd: repo.root, env: { ...process.env, ...repo.place.env } });
    expect((await compose("exec", "-T", "db", "cat", "/srv/packed/one")).stdout).toBe("back\n");
    expect((await copy("sent", "there")).exitCode).toBe(2);
    expect((await copy("db:/a", "web:/b")).exitCode).toBe(2);
  });

  test("logs takes docker's options", async () => {
    const logs = async (...words: readonly string[]) => (await runOtto(repo.place, ["logs", ...words])).stdout;
    const compared = [
      ["-n", "1", "web"],
      ["--tail", "all", "web"],
      ["--no-log-prefix", "web"],
    ];
    for (const words of compared) {
      const { stdout } = await compose("logs", "--no-log-prefix", ...words);
      expect((await logs("--no-log-prefix", ...words)).split("\n").toSorted()).toEqual(
        // Compose erases a line of a board that is not there.
        stdout.replaceAll("\u001b[2K", "").split("\n").toSorted(),
      );
    }
    expect(await logs("-n", "1", "--index", "2", "web")).toBe("web.2 | up\n");
    expect(await logs("--until", "2020-01-01T00:00:00Z")).toBe("");
    expect((await runOtto(repo.place, ["logs", "-f", "--until", "1s"])).exitCode).toBe(2);
  });
});

describe("what shows something", () => {
  beforeAll(async () => {
    await compose("up", "--detach", "--no-recreate");
  });

  test.concurrent.each([
    [["images", "-q"]],
    [["images", "-q", "web"]],
    [["images", "--format", "json"]],
    [["port", "web", "8080"]],
    [["port", "--index", "2", "--protocol", "udp", "web", "90"]],
    [["config", "--services"]],
    [["config", "--images"]],
    [["config", "--profiles"]],
    [["config", "-q"]],
  ])("otto %j prints what docker compose prints", async (words) => {
    const [wanted, seen] = await Promise.all([compose(...words), runOtto(repo.place, words)]);
    // Compose lists services in any order.
    const linesOf = ({ exitCode, stdout }: Ended) => [exitCode, ...stdout.trimEnd().split("\n").toSorted()];
    expect(linesOf(seen)).toEqual(linesOf(wanted));
  });

  test.concurrent("config is compose's own, with paths of this machine and without secrets", async ({ expect }) => {
    const words = ["config", "--format", "json"];
    const [wanted, seen] = await Promise.all([compose(...words), runOtto(repo.place, words)]);
    expect(wanted.stdout).toContain(secret);
    expect(JSON.parse(seen.stdout)).toEqual(JSON.parse(wanted.stdout.replaceAll(secret, "[redacted]")));
    expect(seen.stdout + seen.stderr).not.toContain(secret);
  });

  test.concurrent("top, stats and inspect are of the running containers", async ({ expect }) => {
    const [top, stats, inspect, wanted] = await Promise.all([
      runOtto(repo.place, ["top", "web"]),
      runOtto(repo.place, ["stats", "--no-stream", "--format", "json", "web"]),
      runOtto(repo.place, ["inspect", "db"]),
      execute("docker", ["inspect", `${repo.project}-db-1`]),
    ]);
    expect(top.stdout).toMatch(new RegExp(`^${repo.project}-web-1\n.*CMD\n.*sleep infinity`));
    const rows = stats.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly Name: string });
    expect(rows.map(({ Name }) => Name).toSorted()).toEqual([`${repo.project}-web-1`, `${repo.project}-web-2`]);
    const id = (text: string) => (JSON.parse(text) as { readonly Id: string }[]).map(({ Id }) => Id);
    expect(id(inspect.stdout)).toEqual(id(wanted.stdout));
  });

  test.concurrent.each([
    [["port", "web", "1"], 1, "COMPOSE_QUERY_FAILED"],
    [["port", "nosuch", "1"], 2, "COMPOSE_UNKNOWN_SERVICE"],
    [["port", "web", "0"], 2, "CLI_USAGE"],
    [["images", "nosuch"], 2, "COMPOSE_UNKNOWN_SERVICE"],
    [["config", "-x"], 2, "CLI_USAGE"],
  ])("otto %j ends with %i: %s", async (words, exitCode, code) => {
    const run = await runJson(repo.place, words);
    expect(run.exitCode).toBe(exitCode);
    expect(run.lines[0]).toMatchObject({ type: "error", code });
  });
});

describe("run", () => {
  /** Names of the one-off containers that are there. */
  const oneOffs = async () => {
    const filters = [`label=com.docker.compose.project=${repo.project}`, "label=com.docker.compose.oneoff=True"];
    const words = filters.flatMap((filter) => ["--filter", filter]);
    return (await execute("docker", ["ps", "--all", "--quiet", ...words])).stdout;
  };

  test.concurrent.each([
    [["--rm", "db", "sh", "-c", "echo out; echo err >&2; exit 7"]],
    [["-e", "A=a secret", "-u", "65534", "-w", "/etc", "db", "sh", "-c", 'echo "$A"; id -u; pwd; hostname | wc -c']],
    // What the container gets is nothing to the client that starts it.
    [
      [
        "-e",
        "DOCKER_HOST=tcp://127.0.0.1:1",
        "-e",
        "UID=7",
        "-e",
        "A=$HOME $$ $B",
        "db",
        "sh",
        "-c",
        "echo $DOCKER_HOST $UID $A",
      ],
    ],
    [["-e", "PATH=/nowhere", "db", "/bin/sh", "-c", 'echo "$PATH"']],
    [["--entrypoint", "echo", "db", "taken"]],
    [["once"]],
    [["-T", "db", "cat"]],
    [["-v", "/etc/hostname:/there:ro", "db", "cat", "/there"]],
  ])("otto docker run %j gives what docker compose run does", async (words) => {
    const file = join(repo.root, "docker/compose.yml");
    const reference = execute("docker", ["compose", "-p", repo.project, "-f", file, "run", "--rm", "-T", ...words]);
    reference.child.stdin?.end("fed\n");
    const wanted = await reference.then(
      ({ stdout }) => ({ exitCode: 0, stdout }),
      ({ code, stdout }: { code: number; stdout: string }) => ({ exitCode: code, stdout }),
    );
    const { exitCode, stdout } = await runOtto(repo.place, ["docker", "run", ...words], "fed\n");
    expect({ exitCode, stdout }).toEqual(wanted);
  });

  test("what is written at once is there once, whole and in order, in each of many that run side by side", async () => {
    const script = "seq 1 2000; seq 3000 5000 >&2; printf half; printf rest >&2; exit 3";
    const count = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, n) => `${from + n}\n`).join("");
    const wanted = { exitCode: 3, stdout: `${count(1, 2000)}half`, stderr: `${count(3000, 5000)}rest` };
    const started = Array.from({ length: 12 }, () => runOtto(repo.place, ["docker", "run", "db", "sh", "-c", script]));
    for (const { exitCode, stdout, stderr } of await Promise.all(started)) {
      const own = stderr.replaceAll(/^\S+ +waiting for .*\n/gm, "");
      expect({ exitCode, stdout, stderr: own }).toEqual(wanted);
    }
  });

  test("a prompt without a newline is there before anything is sent", async () => {
    const script = "printf 'name? '; read -r name; echo \"hello $name\"";
    const child = startOtto(repo.place, ["docker", "run", "db", "sh", "-c", script]);
    const ended = finished(child);
    const [prompt] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer | string];
    expect(String(prompt)).toBe("name? ");
    child.stdin?.end("you\n");
    expect(await ended).toMatchObject({ exitCode: 0, stdout: "name? hello you\n" });
  });

  test("secrets and configs that Compose writes into a container are there before it starts", async () => {
    const { exitCode, stdout } = await runOtto(repo.place, [
      "docker",
      "run",
      "made",
      "cat",
      "/run/secrets/word",
      "/note",
    ]);
    expect([exitCode, stdout]).toEqual([0, "a-worda note\n"]);
  });

  test("run -it gives a terminal, and nothing is left", async () => {
    await using terminal = await TestTerminal.open(repo.place, ["docker", "run", "-it", "db", "sh"]);
    await terminal.sees("# ");
    terminal.type("stty size; exit 5\n");
    await terminal.sees("24 80");
    expect((await terminal.finished()).exitCode).toBe(5);
    expect(await oneOffs()).toBe("");
  });

  test("a client that is killed leaves nothing", async () => {
    const child = startOtto(repo.place, ["docker", "run", "db", "sh", "-c", "trap : TERM HUP; echo begun; sleep 600"]);
    await lineOf(child.stdout, (line) => line === "begun");
    expect(await oneOffs()).not.toBe("");
    child.kill("SIGKILL");
    await expect.poll(oneOffs, { timeout: 20_000 }).toBe("");
  });

  test("an interrupted one is removed before otto ends", async () => {
    const child = startOtto(repo.place, ["docker", "run", "db", "sh", "-c", "echo begun; sleep 600"]);
    await lineOf(child.stdout, (line) => line === "begun");
    const ended = finished(child);
    child.kill("SIGINT");
    expect((await ended).exitCode).toBe(130);
    expect(await oneOffs()).toBe("");
  });

  test("what cannot be run ends with 255 and leaves nothing", async () => {
    const { lines, exitCode } = await runJson(repo.place, ["docker", "run", "-u", "nobody-of-that-name", "db", "true"]);
    expect([exitCode, lines[0]?.code]).toEqual([255, "COMPOSE_RUN_FAILED"]);
    expect(await oneOffs()).toBe("");
  });
});

test("a tested service shows what it writes and ends with its exit code; a stack that was up stays", async () => {
  const words = ["once", "sh", "-c", "echo tested; exit 7"];
  const { exitCode, stdout } = await runOtto(repo.place, ["docker", "test", ...words]);
  expect([exitCode, stdout]).toEqual([7, "tested\n"]);
  const late = await runJson(repo.place, ["docker", "test", "--timeout", "0.5", "once", "sleep", "600"]);
  expect([late.exitCode, late.lines[0]?.code]).toEqual([124, "CLI_COMMAND_TIMED_OUT"]);
  expect((await compose("ps", "--services")).stdout).toContain("db");
});

test("wait ends when a service has stopped, with its exit code", async () => {
  await compose("up", "--detach", "--no-recreate");
  const child = startOtto(repo.place, ["wait", "db"]);
  const ended = finished(child);
  const waiting = once(createInterface({ input: child.stderr as NodeJS.ReadableStream }), "line");
  expect(await waiting).toEqual([`waiting for ${repo.project}-db-1`]);
  await compose("kill", "db");
  const { exitCode, stdout } = await ended;
  expect([exitCode, stdout]).toEqual([137, `${repo.project}-db-1 exited (137)\n`]);
  expect((await runOtto(repo.place, ["wait", "once"])).exitCode).toBe(1);
});
