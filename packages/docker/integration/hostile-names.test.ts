import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  bringUp,
  leaseStack,
  type PlacedStack,
  previewDown,
  previewUp,
  readStack,
  reapStack,
  takeDown,
} from "@otto/compose";
import {
  buildImages,
  composeDown,
  composed,
  composeLogs,
  composeReap,
  composeUp,
  declareStacks,
  getContainerHost,
  getUserComposeProject,
  imageLatestTag,
  type Lab,
  openLab,
  type Parent,
  planComposeDown,
  planComposeUp,
  type Repo,
  selectRepos,
} from "@otto/docker";
import { withRemoteLock } from "@otto/hosts";
import { listFiles, type Lab as RunningLab, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type PlacedRepo, placeStackRepo } from "./stack-lab.js";

const execute = promisify(execFile);

const hostile = [
  ...[
    "",
    ".",
    "..",
    "../..",
    "../../..",
    "/",
    "/etc",
    "-x",
    "--help",
    " ",
    "a b",
    "a\nb",
    "a\0b",
    "日本",
    "Upper",
    "_x",
  ],
  ...["$(touch pwned)", "`touch pwned`", "a;touch pwned", "it's", 'say "x"', "a\\", "*", "~", "%s", "__proto__", "a.b"],
  "a".repeat(300),
];
/** What Compose takes and we do not: it is too long for the name of a directory. */
const tooLong = "a".repeat(300);

const compose = `services:
  api: { image: "$IMAGE", init: true, volumes: ["./one.txt:/one:ro"] }
  constructor: { image: "$IMAGE", init: true }
  __proto__: { image: "$IMAGE", init: true }
`;

let running: RunningLab<"parent">;
let placed: PlacedRepo;
let lab: Lab;
let repo: Repo;
let parent: Parent;
let stack: PlacedStack;

beforeAll(async () => {
  running = await startLab({ hosts: { parent: {} } });
  placed = await placeStackRepo(running, compose, { files: { "one.txt": "1\n" } });
  ({ lab, repo } = placed);
  parent = lab.parentFor(repo);
  const options = { projectName: placed.stack.project, environment: {}, home: running.directory };
  stack = { ...(await readStack(repo, options)), parent };
  await composeUp(repo, lab);
  // Where a path out of the staging root would lead.
  const { homePath } = running.hosts.parent;
  await mkdir(join(homePath, ".cache/otto/precious"), { recursive: true });
  await writeFile(join(homePath, ".cache/otto/precious/file"), "kept");
});

afterAll(async () => {
  await placed[Symbol.asyncDispose]();
});

/** Entrances that take the name of a Compose project. */
const entrances: Record<string, (projectName: string) => Promise<unknown>> = {
  composeUp: (projectName) => composeUp(repo, lab, { projectName }),
  planComposeUp: (projectName) => planComposeUp(repo, lab, { projectName }),
  composeDown: (projectName) => composeDown(repo, lab, { projectName, volumes: true }),
  planComposeDown: (projectName) => planComposeDown(repo, lab, { projectName, volumes: true }),
  composed: (projectName) => composed(repo, lab, { projectName }, async () => {}),
  composeReap: (projectName) => composeReap(repo, lab, { projectName }),
  composeLogs: (projectName) => composeLogs(repo, lab, { projectName }).next(),
  declareStacks: (projectName) => declareStacks(lab, { projectName }),
  readStack: (projectName) => readStack(repo, { projectName, environment: {}, home: running.directory }),
  bringUp: (project) => bringUp({ ...stack, project }, { who: "test" }),
  previewUp: (project) => previewUp({ ...stack, project }),
  leaseStack: (project) => leaseStack({ ...stack, project }, { who: "test", own: true }),
  takeDown: (project) => takeDown(parent, project, { who: "test", stopTimeout: 1, volumes: true }),
  previewDown: (project) => previewDown(parent, project, { volumes: true }),
  reapStack: (project) => reapStack({ parent, project }, { who: "test" }),
};

/** Both sides' homes, staging root and repo, and the names in the directories that everybody shares. */
async function look(): Promise<readonly string[]> {
  const places = [running.directory, running.hosts.parent.homePath, placed.stack.root];
  const own = await listFiles(places, { ignore: (path) => path.endsWith("/sshd.log") });
  const shared = [
    "/",
    "/tmp",
    "/var/tmp",
    "/run",
    "/run/lock",
    `/run/lock/otto-${process.getuid?.()}`,
    "/dev/shm",
    process.cwd(),
  ];
  const names = await Promise.all(shared.map(async (at) => (await namesIn(at)).map((name) => join(at, name))));
  return [...own, ...names.flat()];
}

/** Tests beside this one have theirs there: repos, labs, locks; and so has the engine while it starts a command. */
async function namesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => !/^(?:otto-|runc-process|build-|tmp\.|node-|vitest|test-results|stack[0-9a-f]{8})/.test(name))
    .sort();
}

test.each(hostile)(
  "the project name %j is refused at every entrance, and nothing changes on either side",
  async (name) => {
    const before = await look();
    for (const [entrance, call] of Object.entries(entrances)) {
      const failure = await call(name).then(
        (given) => given,
        (error: unknown) => error,
      );
      expect([entrance, failure]).toEqual([entrance, expect.objectContaining({ code: "COMPOSE_PROJECT_INVALID" })]);
    }
    expect(await look()).toEqual(before);
  },
);

test.each(hostile)("no lock is called %j", async (name) => {
  const before = await look();
  const body = vi.fn<() => Promise<void>>();
  await expect(withRemoteLock(parent, { name, who: "test" }, body)).rejects.toThrow(/^invalid lock name /);
  expect(body).not.toHaveBeenCalled();
  expect(await look()).toEqual(before);
});

test.each([...hostile, "a", "0", "a_b-", "0--", "9_9"].filter((name) => !/^$|\0/.test(name)))(
  "compose and otto agree on the project name %j",
  async (name) => {
    const file = join(placed.stack.root, "compose.yml");
    const reference = await execute("docker", ["compose", "-p", name, "-f", file, "config", "--quiet"]).then(
      () => true,
      ({ stderr }: { stderr: string }) => {
        expect(stderr).toContain("invalid project name");
        return false;
      },
    );
    const taken = await entrances.readStack?.(name).then(
      () => true,
      () => false,
    );
    expect(taken).toBe(reference && name !== tooLong);
  },
);

test.each(hostile)(
  "the suffix %j makes a project of its own, as OTTO_COMPOSE_SUFFIX and as argument",
  async (suffix) => {
    const project = getUserComposeProject(repo.name, undefined, { OTTO_COMPOSE_SUFFIX: suffix });
    expect(project).toBe(getUserComposeProject(repo.name, suffix, {}));
    await expect(entrances.readStack?.(project)).resolves.toMatchObject({ project });
  },
);

test("a compose file's own name, whatever it is, moves nothing", async () => {
  for (const name of ["../..", "/", "Upper", "$(touch pwned)", "__proto__"]) {
    await placed.stack.write("compose.yml", `name: '${name.replaceAll("$", "$$")}'\n${compose}`);
    await composeUp(repo, lab);
    expect((await planComposeUp(repo, lab)).map((step) => step.do)).toEqual(["leave", "leave", "leave"]);
  }
  expect(await readdir(join(running.hosts.parent.homePath, ".cache/otto/stacks"))).toEqual([placed.stack.project]);
});

test("services with the names of JavaScript's own properties are hosts like any other", async () => {
  const hosts = await composeUp(repo, lab);
  expect(Object.keys(hosts).sort()).toEqual(["__proto__", "api", "constructor"]);
  for (const host of Object.values(hosts)) expect((await host.exec(["true"])).exitCode).toBe(0);
});

const code = (wanted: string | RegExp) => expect.objectContaining({ code: expect.stringMatching(wanted) });

/** What takes the name of something that is not there, and the error that says so. */
const lookups: Record<string, [string | RegExp, (name: string) => unknown]> = {
  "openLab, lab": ["LAB_UNKNOWN", (lab) => openLab({ cwd: placed.stack.root, home: running.directory, lab, env: {} })],
  "lab.machine": ["LAB_UNKNOWN_HOST", (id) => lab.machine(id)],
  "lab.parent": ["LAB_UNKNOWN_HOST", (id) => lab.parent(id)],
  // The stack has services of such names, and the name of a service is enough.
  getContainerHost: ["HOST_UNKNOWN", (name) => getContainerHost(`no ${name}`, lab)],
  "composeUp, on": [/LAB_(UNKNOWN_HOST|ON_INVALID)/, (on) => composeUp(repo, lab, { on })],
  "composeDown, on": [/LAB_(UNKNOWN_HOST|ON_INVALID)/, (on) => composeDown(repo, lab, { on })],
  "composeLogs, services": [
    "COMPOSE_UNKNOWN_SERVICE",
    (name) => composeLogs(repo, lab, { services: [`no ${name}`] }).next(),
  ],
  "buildImages, imageNames": ["BUILD_IMAGE_UNKNOWN", (name) => buildImages(repo, parent, { imageNames: [name] })],
  "selectRepos, name": ["CONFIG_UNKNOWN_REPO", (name) => selectRepos([repo], name)],
};

test.each(hostile)("nothing is called %j, wherever something is looked for, and nothing changes", async (name) => {
  const before = await look();
  for (const [entrance, [wanted, call]] of Object.entries(lookups)) {
    const failure = await Promise.resolve()
      .then(() => call(name))
      .catch((error: unknown) => error);
    expect([entrance, failure]).toEqual([entrance, code(wanted)]);
  }
  expect(await look()).toEqual(before);
});

test("profiles of such names are no service's, and do nothing", async () => {
  const steps = await planComposeUp(repo, lab, { profiles: hostile.filter((name) => !name.includes("\0")) });
  expect(steps.map((step) => step.do)).toEqual(["leave", "leave", "leave"]);
});

test.each(hostile.filter((name) => !name.includes("\0")))(
  "docker and otto agree on the image name %j",
  async (name) => {
    const tags = [() => imageLatestTag("", "p", { name }), () => imageLatestTag("", name, { name: "x" })];
    for (const [index, repository] of [`p-${name}`, `${name}-x`].entries()) {
      const isTaken = await dockerTags(`${repository}:latest`);
      expect(resultOf(tags[index])).toEqual(isTaken ? `${repository}:latest` : code("IMAGE_NAME_INVALID"));
    }
  },
);

async function dockerTags(reference: string): Promise<boolean> {
  const tag = execute("docker", ["tag", "--", placed.stack.image, reference]);
  const isTaken = await tag.then(
    () => true,
    () => false,
  );
  if (isTaken) await execute("docker", ["image", "rm", reference]);
  return isTaken;
}

function resultOf(call: (() => unknown) | undefined): unknown {
  try {
    return call?.();
  } catch (error) {
    return error;
  }
}

test.each(["-x", "--help", "--build", "-d"])(
  "a service called %s is brought up and taken down, and is no option",
  async (name) => {
    await placed.stack.write("compose.yml", `services:\n  "${name}": { image: "$IMAGE", init: true }\n`);
    const hosts = await composeUp(repo, lab);
    expect(Object.keys(hosts)).toEqual([name]);
    expect((await hosts[name]?.exec(["true"]))?.exitCode).toBe(0);
  },
);

/** Names that a file may have. */
const fileNames = hostile.filter((name) => !/^\.{0,2}$|[/\0]/.test(name) && name.length < 256);

test("files of every such name go to a container and to a parent and back, and nowhere else", async () => {
  await placed.stack.write("compose.yml", compose);
  const { api } = await composeUp(repo, lab);
  const from = join(running.directory, "from");
  await mkdir(from);
  for (const name of fileNames) await writeFile(join(from, name), `of ${name}`);
  for (const host of [api, parent]) {
    const target = host === parent ? join(running.hosts.parent.homePath, "target") : "/target";
    const back = join(running.directory, `back-${host?.id}`);
    await host?.exec(["mkdir", target]);
    const before = await look();
    const sources = (directory: string) => fileNames.map((name) => `${directory}/${name}`);
    await host?.put(sources(from), `${target}/`);
    await host?.get(sources(target), `${back}/`);
    const isOther = (line: string) => !line.includes(`${target}/`) && !line.includes(`${back}/`);
    const ends = (line: string) => !line.startsWith(`"${target}"`) && !line.startsWith(`"${back}"`);
    const strip = (lines: readonly string[]) => lines.filter((line) => isOther(line) && ends(line));
    expect(strip(await look())).toEqual(strip(before));
    expect((await readdir(back)).sort()).toEqual([...fileNames].sort());
    for (const name of fileNames) expect(await readFile(join(back, name), "utf8")).toBe(`of ${name}`);
  }
});
