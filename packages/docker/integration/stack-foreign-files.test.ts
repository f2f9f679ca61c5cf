import { execFile } from "node:child_process";
import { mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  composeDown,
  composeLogs,
  composeUp,
  declareStacks,
  formatUpStep,
  getContainerHost,
  type Lab,
  planComposeUp,
  type Repo,
} from "@otto/docker";
import { startRegistry } from "@otto/lab";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { createStackRepo, left, nothing, recordEvents, type StackRepo } from "./stack-lab.js";

const execute = promisify(execFile);
let stack: StackRepo;
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "otto-home-"));
  stack = await createStackRepo("services: {}\n");
});

afterEach(async () => {
  const { lab, repo } = await stack.open(home);
  await composeDown(repo, lab, { volumes: true });
  await lab[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

/** Opens the repo with this compose file; what `work` returns is read before the lab closes. */
async function withLab<T>(compose: string, work: (lab: Lab, repo: Repo) => Promise<T>): Promise<T> {
  await stack.write("compose.yml", compose);
  const { lab, repo } = await stack.open(home);
  try {
    return await work(lab, repo);
  } finally {
    await lab[Symbol.asyncDispose]();
  }
}

/** Sets variables of this process for one test. */
function setVariables(values: Readonly<Record<string, string | undefined>>): void {
  const before = { ...process.env };
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  onTestFinished(() => {
    for (const name of Object.keys(values)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
}

async function readLogs(repo: Repo, lab: Lab, services?: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const { text } of composeLogs(repo, lab, { services })) lines.push(text);
  return lines;
}

/** What docker compose itself makes of the file on this machine, with this process's variables. */
async function composeItself(): Promise<Record<string, { environment?: object; labels?: object }>> {
  const argv = ["compose", "-f", join(stack.root, "compose.yml"), "config", "--format", "json"];
  const { stdout } = await execute("docker", argv);
  return JSON.parse(stdout.replaceAll("$$", "$")).services;
}

async function containerEnvironment(): Promise<Record<string, string>> {
  const argv = ["container", "inspect", "--format", "{{json .Config.Env}}", `${stack.project}-a-1`];
  const variables: string[] = JSON.parse((await execute("docker", argv)).stdout);
  return Object.fromEntries(variables.map((one) => [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)]));
}

const shells = ["dash", "bash", "busybox"];

test.each(shells)("variables arrive as compose reads them where the parent's sh is %s", async (shell) => {
  const bin = join(home, "bin");
  await execute("mkdir", [bin]);
  await symlink((await execute("which", [shell])).stdout.trim(), join(bin, "sh"));
  setVariables({
    PATH: `${bin}:${process.env.PATH}`,
    UID: "1234",
    EUID: "1235",
    PPID: "1",
    GROUPS: "g",
    IFS: "x",
    SHELLOPTS: "braceexpand",
    PWD: "/somewhere/else",
    "INPUT_MY-ARG": "a dash",
    "app.datasource.url": `it's "$5" \\n`,
    PLAIN: "plain",
    OUTER: "outer",
  });
  await stack.write(".env", "INNER=$${OUTER}$${UID}\nUID=9\n".replaceAll("$$", "$"));
  const names = ["INPUT_MY-ARG", "app.datasource.url", "PLAIN", "UID", "EUID", "PPID", "GROUPS", "IFS", "PWD"];
  const compose = `services:
  a:
    image: "$IMAGE"
    init: true
    environment: [${names.map((name) => JSON.stringify(name)).join(", ")}, "INNER=\${INNER}", "OPTS=\${SHELLOPTS}"]
    labels: { user: "\${UID}:\${PWD}" }
`;
  await withLab(compose, (lab, repo) => composeUp(repo, lab));
  const { a } = await composeItself();
  expect(Object.keys(a?.environment ?? {})).toHaveLength(names.length + 2);
  expect(await containerEnvironment()).toMatchObject(a?.environment ?? {});
});

test.each([
  ["a list", `environment: [TERM, MAIL, DOCKER_CERT_PATH, SSH_AUTH_SOCK, "KEPT=1"]`],
  ["a mapping", `environment: { TERM: , MAIL: null, DOCKER_CERT_PATH: , SSH_AUTH_SOCK: , KEPT: "1" }`],
  ["a file", "env_file: a.env"],
])("a name without a value that is not set stays out of the container, in %s", async (_, environment) => {
  setVariables({ TERM: undefined, MAIL: undefined, DOCKER_CERT_PATH: undefined, SSH_AUTH_SOCK: undefined });
  await stack.write("a.env", "TERM\nexport MAIL\nDOCKER_CERT_PATH\nSSH_AUTH_SOCK\nKEPT=1\n");
  await withLab(`services: { a: { image: "$IMAGE", init: true, ${environment} } }\n`, (lab, repo) =>
    composeUp(repo, lab),
  );
  const { PATH: _path, ...found } = await containerEnvironment();
  expect(found).toEqual({ KEPT: "1" });
});

test.each([
  ["deploy: { replicas: 2 }", "deploy: { replicas: 3 }"],
  ["deploy: { replicas: 3 }", "deploy: { replicas: 1 }"],
  ["scale: 2, deploy: { labels: { a: b } }", "scale: 3, deploy: { labels: { a: b } }"],
])("from %s to %s no container is replaced", async (before, after) => {
  const compose = (settings: string) => `services: { a: { image: "$IMAGE", init: true, ${settings} } }\n`;
  const ids = async () => {
    const argv = [
      "container",
      "ls",
      "--all",
      "--quiet",
      "--filter",
      `label=com.docker.compose.project=${stack.project}`,
    ];
    return (await execute("docker", argv)).stdout.trim().split("\n").sort();
  };
  await withLab(compose(before), (lab, repo) => composeUp(repo, lab));
  const first = await ids();
  await withLab(compose(after), (lab, repo) => composeUp(repo, lab));
  const second = await ids();
  const [fewer, more] = first.length < second.length ? [first, second] : [second, first];
  expect(fewer.length).toBeLessThan(more.length);
  expect(more).toEqual(expect.arrayContaining(fewer));
});

test.each(["secrets", "configs"])("%s of a variable in .env arrive when it changes", async (kind) => {
  const compose = `services: { a: { image: "$IMAGE", init: true, ${kind}: [{ source: s, target: /s }] } }
${kind}: { s: { environment: WORD } }
`;
  const read = () =>
    withLab(compose, async (lab, repo) => {
      const { a } = await composeUp(repo, lab);
      return (await a?.exec("cat /s"))?.stdout.toString();
    });
  await stack.write(".env", "WORD=one\n");
  expect(await read()).toBe("one");
  await stack.write(".env", "WORD=two\n");
  expect(await read()).toBe("two");
});

test("a service with another's volumes has those of that one's new container", async () => {
  const compose = (more: string) => `services:
  data: { image: "$IMAGE", init: true, volumes: ["./one.txt:/one:ro"${more}] }
  backup: { image: "$IMAGE", init: true, volumes_from: ["data:ro"] }
`;
  const read = (more: string) =>
    withLab(compose(more), async (lab, repo) => {
      const plan = await planComposeUp(repo, lab);
      const { backup } = await composeUp(repo, lab);
      const { stdout } = (await backup?.exec("cat /one; ls -d /more 2>&1")) ?? {};
      return [plan.map(({ service, do: action }) => `${service} ${action}`).sort(), stdout?.toString()];
    });
  const missing = "ls: /more: No such file or directory\n";
  await stack.write("one.txt", "1\n");
  expect(await read("")).toEqual([["backup create", "data create"], `1\n${missing}`]);
  await stack.write("one.txt", "2\n");
  const recreated = ["backup recreate", "data recreate"];
  expect(await read("")).toEqual([recreated, `2\n${missing}`]);
  expect(await read(', "/more"')).toEqual([recreated, "2\n/more\n"]);
  expect(await read(', "/more"')).toEqual([["backup leave", "data leave"], "2\n/more\n"]);
});

test.each([
  ["its container was pruned", () => execute("docker", ["container", "rm", `${stack.project}-init-1`])],
  [
    "it is no longer declared",
    async (compose: string) => {
      const dependency = ", depends_on: { init: { condition: service_completed_successfully } }";
      const without = compose.replace(dependency, "").replace(/ {2}init: .*\n/, "");
      await withLab(without, (lab, repo) => composeUp(repo, lab));
    },
  ],
])("a stack goes down in good order when a service depends on one that is gone: %s", async (_, takeAway) => {
  const trap = "trap 'echo bye >/out/bye; exit 0' TERM; echo ready; while :; do sleep 0.1; done";
  const app = `command: ["sh", "-c", ${JSON.stringify(trap)}], volumes: ["./out:/out", "data:/data"], secrets: [s]`;
  const compose = `services:
  init: { image: "$IMAGE", command: "true" }
  app: { image: "$IMAGE", ${app}, depends_on: { init: { condition: service_completed_successfully } } }
secrets: { s: { file: ./secret.txt } }
volumes: { data: }
`;
  await stack.write("secret.txt", "hushed\n");
  await stack.write("out/kept.txt", "");
  await withLab(compose, (lab, repo) => composeUp(repo, lab));
  await takeAway(compose);
  const down = (volumes: boolean) =>
    withLab(compose, (lab, repo) => composeDown(repo, lab, { volumes, stopTimeout: 20 }));
  const result = await down(false);
  expect(result).toMatchObject({ status: "success" });
  const directory = result.status === "success" ? (result.kept?.directory ?? "") : "";
  const { stdout } = await execute("sh", [
    "-c",
    `cd "$1" && cat repo/out/bye; find . -name secret.txt`,
    "sh",
    directory,
  ]);
  expect([stdout, await left(stack.project)]).toEqual(["bye\n", nothing]);
  await withLab(compose, (lab, repo) => composeUp(repo, lab));
  await takeAway(compose);
  expect(await down(true)).toMatchObject({ status: "success" });
  const filter = `label=com.docker.compose.project=${stack.project}`;
  expect((await execute("docker", ["volume", "ls", "--quiet", "--filter", filter])).stdout).toBe("");
});

test.each([
  ["a file of variables is gone", () => execute("rm", [join(stack.root, "a.env")])],
  ["an edit broke the compose file", () => stack.write("compose.yml", "services: [\n")],
])("what runs is reached, as with docker compose, when %s", async (_, breakFiles) => {
  const compose = `services: { a: { image: "$IMAGE", init: true, env_file: a.env, command: [sh, -c, "echo one; exec sleep infinity"] } }\n`;
  await stack.write("a.env", "A=1\n");
  await withLab(compose, (lab, repo) => composeUp(repo, lab));
  await breakFiles();
  const { lab, repo } = await stack.open(home);
  onTestFinished(async () => {
    await stack.write("compose.yml", "services: {}\n");
    await lab[Symbol.asyncDispose]();
  });
  const warnings: string[] = [];
  const onEvent = (event: { type: string; message?: string }) => void warnings.push(event.message ?? "");
  await expect(declareStacks(lab)).rejects.toMatchObject({ code: expect.stringMatching(/^COMPOSE_FILE_/) });
  await declareStacks(lab, { askEngine: true, onEvent });
  expect(warnings).toEqual([expect.stringContaining("compose.yml")]);
  const host = getContainerHost(`local.${repo.name}.a`, lab);
  expect((await host.exec("echo $A")).stdout.toString()).toBe("1\n");
  for (const services of [undefined, ["a"]]) {
    expect(await readLogs(repo, lab, services)).toEqual(["one"]);
  }
  await expect(readLogs(repo, lab, ["b"])).rejects.toMatchObject({ code: expect.stringMatching(/^COMPOSE_FILE_/) });
  expect(await composeDown(repo, lab)).toMatchObject({ status: "success" });
  const [skipped] = await declareStacks(lab, { askEngine: true });
  expect(skipped).toMatchObject({
    repo: { name: repo.name },
    error: { code: expect.stringMatching(/^COMPOSE_FILE_/) },
  });
});

test("a network that a container of another project uses stays at down, as with docker compose, and goes with the next", async () => {
  const network = `${stack.project}-shared`;
  const compose = `services: { a: { image: "$IMAGE", init: true, secrets: [s] } }
networks: { default: { name: ${network} } }
secrets: { s: { file: ./secret.txt } }
`;
  await stack.write("secret.txt", "hushed\n");
  const down = () => withLab(compose, (lab, repo) => composeDown(repo, lab));
  await withLab(compose, (lab, repo) => composeUp(repo, lab));
  const other = `${stack.project}-other`;
  await execute("docker", ["run", "--detach", "--init", "--name", other, "--network", network, stack.image]);
  expect(await down()).toMatchObject({ status: "success", kept: undefined });
  expect(await left(stack.project)).toEqual({ containers: [], networks: [expect.anything()] });
  await execute("docker", ["container", "rm", "--force", other]);
  expect(await down()).toMatchObject({ status: "skipped" });
  expect(await left(stack.project)).toEqual(nothing);
});

test("a file that compose refuses is refused by the plan of a stack that is not up, too", async () => {
  const compose = `services: { a: { image: "$IMAGE", colour: red } }\n`;
  await stack.write("compose.yml", compose);
  await expect(composeItself()).rejects.toMatchObject({ stderr: expect.stringContaining("colour") });
  await withLab(compose, async (lab, repo) => {
    const refused = { code: "COMPOSE_UP_FAILED", message: expect.stringContaining("colour") };
    await expect(planComposeUp(repo, lab)).rejects.toMatchObject(refused);
    await expect(composeUp(repo, lab)).rejects.toMatchObject(refused);
  });
  expect(await left(stack.project)).toEqual(nothing);
});

test("a stack of which no service is selected is an error that names the profiles", async () => {
  const compose = `services: { a: { image: "$IMAGE", init: true, profiles: [debug, more] } }\n`;
  await stack.write("compose.yml", compose);
  const itself = execute("docker", ["compose", "-f", join(stack.root, "compose.yml"), "up", "-d"]);
  await expect(itself).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("no service selected") });
  await withLab(compose, async (lab, repo) => {
    const refused = { code: "COMPOSE_NO_SERVICE", hint: expect.stringContaining("debug, more") };
    await expect(composeUp(repo, lab)).rejects.toMatchObject(refused);
    await expect(planComposeUp(repo, lab)).rejects.toMatchObject(refused);
    expect(Object.keys(await composeUp(repo, lab, { profiles: ["debug"] }))).toEqual(["a"]);
  });
});

test("what the docker client warns of fails nothing, and is passed on", async () => {
  const config = join(home, "docker");
  await execute("mkdir", [config]);
  await execute("sh", ["-c", 'echo "{ not json" >"$1"', "sh", join(config, "config.json")]);
  setVariables({ DOCKER_CONFIG: config });
  const compose = `services: { a: { image: "$IMAGE", init: true } }\n`;
  const warnings: string[] = [];
  const onEvent = (event: { type: string; message?: string }) => {
    if (event.type === "compose.warning") warnings.push(event.message ?? "");
  };
  await withLab(compose, async (lab, repo) => {
    expect(Object.keys(await composeUp(repo, lab))).toEqual(["a"]);
    expect((await planComposeUp(repo, lab)).map(formatUpStep)).toEqual(["a: leave (it runs as declared)"]);
    const events = await recordEvents(stack.project, () => composeUp(repo, lab, { onEvent }));
    expect(events).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("config.json")]);
    expect(await composeDown(repo, lab)).toMatchObject({ status: "success" });
  });
  expect(await left(stack.project)).toEqual(nothing);
});

test("a one-shot that has done its work is listed as exited, and nobody is told to bring it up", async () => {
  const compose = `services:
  seed: { image: "$IMAGE", command: ["true"] }
  a: { image: "$IMAGE", init: true }
`;
  await withLab(compose, async (lab, repo) => {
    const { seed } = await composeUp(repo, lab);
    expect(
      lab.hosts
        .list()
        .map(({ service, state }) => `${service} ${state}`)
        .sort(),
    ).toEqual(["a running", "seed exited"]);
    await expect(seed?.exec("true")).rejects.toMatchObject({ code: "HOST_NOT_RUNNING" });
  });
});

test("a bind mount's directory that is not there is made as compose makes it, named, and kept by down", async () => {
  const mounts = [
    "./data:/data",
    { type: "bind", source: "./more", target: "/more", bind: { create_host_path: true } },
  ];
  const compose = (volumes: readonly unknown[]) =>
    JSON.stringify({ services: { a: { image: stack.image, init: true, volumes } } });
  const warnings: string[] = [];
  const onEvent = (event: { type: string; message?: string }) => {
    if (event.type === "compose.warning") warnings.push(event.message ?? "");
  };
  await withLab(compose(mounts), async (lab, repo) => {
    const { a } = await composeUp(repo, lab, { onEvent });
    expect((await a?.exec("ls -A /data /more; echo written >/data/file"))?.exitCode).toBe(0);
    expect(warnings).toEqual([
      expect.stringContaining("data does not exist"),
      expect.stringContaining("more does not exist"),
    ]);
    expect(await composeDown(repo, lab)).toMatchObject({ status: "success", kept: { files: 1 } });
    const again = await composeUp(repo, lab);
    expect((await again.a?.exec("cat /data/file"))?.stdout.toString()).toBe("written\n");
  });
  await expect(stat(join(stack.root, "data"))).rejects.toMatchObject({ code: "ENOENT" });
  const refused = { type: "bind", source: "./more", target: "/more", bind: { create_host_path: false } };
  await withLab(compose([refused]), async (lab, repo) => {
    await expect(composeUp(repo, lab)).rejects.toMatchObject({ code: "COMPOSE_FILE_MISSING" });
    const itself = execute("docker", [
      "compose",
      "-f",
      join(stack.root, "compose.yml"),
      "-p",
      `${stack.project}x`,
      "up",
      "-d",
    ]);
    await expect(itself).rejects.toMatchObject({ stderr: expect.stringContaining("more") });
    await execute("docker", ["compose", "-p", `${stack.project}x`, "down"]);
  });
});

test("pull_policy: always replaces a container when the registry has a newer image, as compose does, and only then", async () => {
  await using registry = await startRegistry();
  const reference = `${registry.host}/pulled:1`;
  const push = async (word: string) => {
    const build =
      'printf "FROM %s\\nENV WORD=%s\\n" "$1" "$2" | docker build --quiet -t "$3" - && docker push --quiet "$3"';
    await execute("sh", ["-c", build, "sh", stack.image, word, reference]);
    await execute("docker", ["image", "rm", "--force", reference]);
  };
  await push("old");
  const compose = `services:
  a: { image: "${reference}", init: true, pull_policy: always }
  b: { image: "${reference}", init: true, pull_policy: missing }
`;
  const changes = (lab: Lab, repo: Repo) => recordEvents(stack.project, () => composeUp(repo, lab));
  await withLab(compose, async (lab, repo) => {
    await composeUp(repo, lab);
    expect(await changes(lab, repo)).toEqual([]);
    await push("new");
    expect((await planComposeUp(repo, lab)).map(formatUpStep)).toContain(
      "a: leave (it runs as declared, unless the registry has a newer image)",
    );
    expect(await changes(lab, repo)).toContain("a start");
    expect((await composeUp(repo, lab)).a).toBeDefined();
  });
  expect((await containerEnvironment()).WORD).toBe("new");
});
