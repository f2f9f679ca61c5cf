import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { composeDown, composeUp, formatUpStep, planComposeUp } from "@otto/docker";
import { startLab } from "@otto/lab";
import { expect, test } from "vitest";
import { left, nothing, placeStackRepo } from "./stack-lab.js";

test("files that a container's root owns block neither up nor down of a login without root", async () => {
  const running = await startLab({ hosts: { parent: { authentication: ["password"] } } });
  const compose = `services:
  a: { image: "$IMAGE", init: true, volumes: ["./data:/data"] }
`;
  await using placed = await placeStackRepo(running, compose, { files: { "data/sub/shipped": "1\n" } });
  const { stack, lab, repo } = placed;
  const { a } = await composeUp(repo, lab);
  await a?.exec("mkdir -p /data/own/deep; echo x > /data/own/deep/file; chown -R 0:0 /data; chmod 700 /data /data/own");
  await stack.write("data/sub/shipped", "2\n");
  const again = await composeUp(repo, lab);
  const seen = await again.a?.exec("cat /data/sub/shipped /data/own/deep/file");
  expect(seen?.stdout.toString()).toBe("2\nx\n");
  expect(await composeDown(repo, lab, { volumes: true })).toMatchObject({ status: "success", kept: undefined });
  expect(await left(stack.project)).toEqual(nothing);
  const parent = lab.parentFor(repo);
  const trees = await parent.exec("ls -A ~/.cache/otto/stacks");
  expect(trees.stdout.toString()).toBe("");
});

const built = `services:
  app: { build: { context: app, dockerfile: Dockerfile }, init: true, command: ["sleep", "infinity"] }
`;

const leave = "app: leave (it runs as declared)";
const changed = "its build context changed";

test.each(["app/.dockerignore", "app/Dockerfile.dockerignore"])(
  "of a context that compose builds what %s leaves is sent, built and compared",
  async (ignoreFile) => {
    const running = await startLab({ hosts: { parent: {} } });
    const files = {
      "app/Dockerfile": "FROM $IMAGE\nCOPY . /app\n",
      [ignoreFile]: "*.log\n!keep.log\nbig\nDockerfile*\n.dockerignore\n",
      "app/file.txt": "1\n",
      "app/noise.log": "1\n",
      "app/keep.log": "1\n",
      "app/big/blob": "1\n",
    };
    await using placed = await placeStackRepo(running, built, { files });
    const { stack, lab, repo } = placed;
    const plan = async () => (await planComposeUp(repo, lab)).map(formatUpStep);
    const listed = async () => (await composeUp(repo, lab)).app?.exec("cd /app && find . -type f | sort; cat file.txt");
    expect((await listed())?.stdout.toString()).toBe("./file.txt\n./keep.log\n1\n");
    const find = "find ~/.cache/otto/stacks '(' -name noise.log -o -name blob ')' -exec basename {} ';' | sort | xargs";
    expect((await lab.parentFor(repo).exec(find)).stdout.toString().trim()).toBe("");
    await stack.write("app/file.txt", "2\n");
    expect(await plan()).toEqual([`app: build (${changed})`, `app: recreate (${changed})`]);
    expect((await listed())?.stdout.toString()).toBe("./file.txt\n./keep.log\n2\n");
    await stack.write("app/noise.log", "2\n");
    expect(await plan()).toEqual([leave]);
    await composeDown(repo, lab);
  },
);

const named = `services:
  app:
    build: { context: app }
    init: true
    command: ["sleep", "infinity"]
    volumes: ["./data:/data"]
`;

test("names that are not UTF-8 come to a container as they are, in what is mounted and in what compose builds", async () => {
  const running = await startLab({ hosts: { parent: {} } });
  const files = { "app/Dockerfile": "FROM $IMAGE\nCOPY . /app\n", "data/a": "1\n" };
  await using placed = await placeStackRepo(running, named, { files });
  const { stack, lab, repo } = placed;
  const rawName = (directory: string) =>
    Buffer.concat([Buffer.from(join(stack.root, directory, "caf")), Buffer.of(0xe9)]);
  for (const directory of ["app", "data"]) await writeFile(rawName(directory), `${directory}\n`);
  const { app } = await composeUp(repo, lab);
  const seen = await app?.exec("printf '%s\\n' /app/caf* /data/caf*; cat /app/caf* /data/caf*");
  expect(seen?.stdout.toString("latin1")).toBe("/app/caf\xe9\n/data/caf\xe9\napp\ndata\n");
  expect((await planComposeUp(repo, lab)).map(formatUpStep)).toEqual(["app: leave (it runs as declared)"]);
  await writeFile(rawName("data"), "again\n");
  await composeUp(repo, lab);
  expect((await app?.exec("cat /data/caf*"))?.stdout.toString()).toBe("again\n");
  expect(await composeDown(repo, lab)).toMatchObject({ status: "success", kept: undefined });
});

const twice = `services:
  one: { build: { context: ., dockerfile: one/Dockerfile }, init: true, command: ["sleep", "infinity"] }
  two: { build: { context: ., dockerfile: two.Dockerfile }, init: true, command: ["sleep", "infinity"] }
`;

test("one context of two Dockerfiles: what either lets through is sent, and each image holds its own", async () => {
  const running = await startLab({ hosts: { parent: {} } });
  const files = {
    "one/Dockerfile": "FROM $IMAGE\nCOPY . /app\n",
    "one/Dockerfile.dockerignore": "*\n!src/one\n",
    "two.Dockerfile": "FROM $IMAGE\nCOPY . /app\n",
    ".dockerignore": "**\n!src/two\n",
    "src/one": "1\n",
    "src/two": "1\n",
    "src/neither": "1\n",
  };
  await using placed = await placeStackRepo(running, twice, { files });
  const { stack, lab, repo } = placed;
  await writeFile(join(stack.root, "big"), Buffer.alloc(20_000_000));
  const hosts = await composeUp(repo, lab);
  const inImage = async (service: string) => {
    const found = await hosts[service]?.exec("cd /app && find . -type f");
    return found?.stdout.toString();
  };
  expect([await inImage("one"), await inImage("two")]).toEqual(["./src/one\n", "./src/two\n"]);
  const sent = await lab.parentFor(repo).exec(`cd ~/.cache/otto/stacks/${stack.project}/repo && find . -type f | sort`);
  expect(sent.stdout.toString().trim().split("\n")).toEqual(
    ["compose.yml", ...Object.keys(files).filter((path) => path !== "src/neither")].map((path) => `./${path}`).sort(),
  );
  await stack.write("src/two", "2\n");
  const steps = (await planComposeUp(repo, lab)).map(formatUpStep);
  expect(steps).toEqual([
    ...["build", "recreate"].map((action) => `two: ${action} (${changed})`),
    "one: leave (it runs as declared)",
  ]);
});

const mounting = `services:
  app: { image: "$IMAGE", init: true, volumes: ["./web:/web", "/web/node_modules/cache"] }
`;

test("what a bind mount ignores is not sent; a rule that comes later takes back what was sent, and nothing of a container's", async () => {
  const running = await startLab({ hosts: { parent: {} } });
  const files = {
    "web/main.js": "main",
    "web/.git/HEAD": "head",
    "web/node_modules/same": "sent",
    "web/node_modules/edited": "sent",
    "web/node_modules/cache/below": "sent",
  };
  await using placed = await placeStackRepo(running, mounting, { files });
  const { stack, lab } = placed;
  const settings = await readFile(join(stack.root, ".otto/settings.toml"), "utf8");
  const rules = async (ignore: readonly string[]) => {
    const table = `[[docker.composes.bind_mounts]]\npath = "web"\nignore = ${JSON.stringify(ignore)}\n`;
    await stack.write(".otto/settings.toml", settings + table);
    return (await stack.open(running.directory)).repo;
  };
  const parent = lab.parentFor(placed.repo);
  const find =
    'cd ~/.cache/otto/stacks/*/repo/web && find . ! -type d | sort | while read -r f; do echo "$f $(cat "$f")"; done';
  const staged = async () => (await parent.exec(find)).stdout.toString().trim().split("\n");

  let repo = await rules([".git"]);
  const first = await composeUp(repo, lab);
  const before = [
    "./main.js main",
    "./node_modules/cache/below sent",
    "./node_modules/edited sent",
    "./node_modules/same sent",
  ];
  expect(await staged()).toEqual(before);
  expect((await planComposeUp(repo, lab)).map(formatUpStep)).toEqual([
    "bind mount web: ignore 1 files, 4 bytes (.git)",
    leave,
  ]);
  const write =
    "cd /web; echo mine >.git; cd node_modules; echo mine >edited; echo mine >made; echo mine >cache/volume";
  await first.app?.exec(write);

  repo = await rules([".git", "node_modules"]);
  expect((await planComposeUp(repo, lab)).map(formatUpStep)).toEqual([
    "bind mount web: ignore 4 files, 16 bytes (.git, node_modules)",
    leave,
  ]);
  const again = await composeUp(repo, lab);
  const theirs = ["./.git mine", "./main.js main", "./node_modules/edited mine", "./node_modules/made mine"];
  expect(await staged()).toEqual(theirs);
  // The volume that is mounted there is there still.
  expect((await again.app?.exec("cat /web/node_modules/cache/volume"))?.stdout.toString()).toBe("mine\n");
  expect((await again.app?.exec("cat /web/node_modules/edited"))?.stdout.toString()).toBe("mine\n");
  expect((await composeUp(repo, lab)).app?.id).toBe(again.app?.id);

  expect(await composeDown(repo, lab)).toMatchObject({ status: "success", kept: { files: 3 } });
  expect(await staged()).toEqual(theirs.filter((line) => !line.includes("main.js")));
  await composeUp(repo, lab);
  expect(await staged()).toEqual(theirs);
  // Without the rule your files come again, and the container's versions are set aside.
  repo = placed.repo;
  await stack.write(".otto/settings.toml", settings);
  await composeUp(repo, lab);
  expect(await staged()).toContain("./node_modules/edited sent");
  const aside = await parent.exec("cd ~/.cache/otto/stacks/*/kept/* && cat repo/web/node_modules/edited repo/web/.git");
  expect(aside.stdout.toString()).toBe("mine\nmine\n");
  expect(await composeDown(repo, lab, { volumes: true })).toMatchObject({ status: "success", kept: undefined });
});
