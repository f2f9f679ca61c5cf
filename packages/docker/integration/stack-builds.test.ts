import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { composeUp, formatUpStep, planComposeUp } from "@otto/docker";
import { startLab } from "@otto/lab";
import { expect, test } from "vitest";
import { placeStackRepo } from "./stack-lab.js";

const runs = 'init: true, command: ["sleep", "infinity"]';
const leave = "app: leave (it runs as declared)";
const changed = "its build context changed";
const rebuilds = [`app: build (${changed})`, `app: recreate (${changed})`];

test("a build without a context takes the project directory, an included one that of its file", async () => {
  const running = await startLab({ hosts: { parent: {} } });
  const build = 'build: { dockerfile_inline: "FROM $IMAGE\\nCOPY file /file\\n" }';
  const compose = `include: [sub/compose.yml]\nservices:\n  app: { ${build}, ${runs} }\n`;
  const files = { file: "1\n", "sub/file": "2\n" };
  await using placed = await placeStackRepo(running, compose, { files });
  const { stack, lab, repo } = placed;
  // A path that only this machine has moves the included file.
  const volume = JSON.stringify(`${stack.root}/sub:/sub`);
  await stack.write("sub/compose.yml", `services:\n  inner: { ${build}, volumes: [${volume}], ${runs} }\n`);
  const created = ["app", "inner"].flatMap((name) => {
    return [`${name}: build (its image is not there)`, `${name}: create (it has no container)`];
  });
  const plan = async () => (await planComposeUp(repo, lab)).map(formatUpStep).toSorted();
  expect(await plan()).toEqual(created);
  const hosts = await composeUp(repo, lab);
  const [app, inner] = await Promise.all([hosts.app?.exec("cat /file"), hosts.inner?.exec("cat /file /sub/file")]);
  expect([app?.stdout.toString(), inner?.stdout.toString()]).toEqual(["1\n", "2\n2\n"]);
  await stack.write("sub/file", "3\n");
  const all = [...rebuilds, ...rebuilds.map((line) => line.replace("app", "inner"))];
  expect(await plan()).toEqual(all);
  const done: string[] = [];
  await composeUp(repo, lab, {
    onEvent: (event) => event.type === "compose.planned" && done.push(...event.steps.map(formatUpStep)),
  });
  expect(done.toSorted()).toEqual(all);
});

test.each([
  ["beside", () => "../Dockerfile.app"],
  ["named by its whole path", (root: string) => join(root, "Dockerfile.app")],
])("a Dockerfile outside of its context, %s, is sent and compared with its ignore rules", async (_, dockerfileIn) => {
  const running = await startLab({ hosts: { parent: {} } });
  const files = {
    "Dockerfile.app": "FROM $IMAGE\nCOPY . /app\n",
    "Dockerfile.app.dockerignore": "*.log\n",
    "app/file": "1\n",
    "app/noise.log": "1\n",
  };
  await using placed = await placeStackRepo(running, "", { files });
  const { stack, lab, repo } = placed;
  const build = `build: { context: app, dockerfile: ${dockerfileIn(stack.root)} }`;
  await stack.write("compose.yml", `services:\n  app: { ${build}, ${runs} }\n`);
  const plan = async () => (await planComposeUp(repo, lab)).map(formatUpStep);
  const listed = async () => (await (await composeUp(repo, lab)).app?.exec("ls /app"))?.stdout.toString();
  expect(await listed()).toBe("file\n");
  await stack.write("app/noise.log", "2\n");
  expect(await plan()).toEqual([leave]);
  await stack.write("Dockerfile.app", "FROM $IMAGE\nCOPY . /app\nRUN touch /app/new\n");
  expect(await plan()).toEqual(rebuilds);
  expect(await listed()).toBe("file\nnew\n");
  await stack.write("Dockerfile.app.dockerignore", "noise.log\nfile\n");
  expect(await plan()).toEqual(rebuilds);
  expect(await listed()).toBe("new\n");
});

test("services that start from an image that another of them builds are replaced with it, at once", async () => {
  const running = await startLab({ hosts: { parent: {} } });
  const tag = `shared-${randomBytes(4).toString("hex")}`;
  const compose = `services:
  # Two that name the image before the one that builds it, and after.
  a-worker: { image: "${tag}:1", pull_policy: never, ${runs} }
  app: { image: "${tag}:1", build: ., ${runs}, depends_on: [a-worker] }
  worker: { image: "docker.io/library/${tag}:1", pull_policy: never, ${runs}, depends_on: [app] }
`;
  await using placed = await placeStackRepo(running, compose, {
    files: { Dockerfile: "FROM $IMAGE\nCOPY file /file\n" },
  });
  const { stack, lab, repo } = placed;
  const services = ["a-worker", "app", "worker"];
  const plan = async () => (await planComposeUp(repo, lab)).map(({ service, do: action }) => `${service} ${action}`);
  const readAll = async () => {
    const hosts = await composeUp(repo, lab);
    const read = services.map(async (name) => (await hosts[name]?.exec("cat /file"))?.stdout.toString());
    return await Promise.all(read);
  };
  await stack.write("file", "1\n");
  expect(await readAll()).toEqual(["1\n", "1\n", "1\n"]);
  expect(await plan()).toEqual(services.map((name) => `${name} leave`));
  await stack.write("file", "2\n");
  expect(await plan()).toEqual(["app build", ...services.map((name) => `${name} recreate`)]);
  expect(await readAll()).toEqual(["2\n", "2\n", "2\n"]);
  expect(await plan()).toEqual(services.map((name) => `${name} leave`));
});

test("a build has its key, secrets, arguments and contexts beside its own", async () => {
  const running = await startLab({ hosts: { parent: {} } });
  const compose = `services:
  app:
    build:
      context: app
      target: last
      args: { WORD: said }
      ssh: ["key=keys/id"]
      secrets: [file, words]
      additional_contexts: ["lib=./lib", "base=docker-image://$IMAGE"]
    ${runs.replace(", ", "\n    ")}
secrets: { file: { file: ./secret }, words: { environment: WORDS } }
`;
  const dockerfile = `FROM base AS last
ARG WORD
COPY --from=lib file /lib
RUN --mount=type=secret,id=file --mount=type=secret,id=words cat /run/secrets/file /run/secrets/words > /secrets
RUN --mount=type=ssh,id=key test -S "$SSH_AUTH_SOCK" && echo "$WORD" > /word
FROM last AS beyond
RUN exit 1
`;
  const files = {
    "app/Dockerfile": dockerfile,
    "lib/file": "lib\n",
    "lib/none": "1",
    secret: "whispered\n",
    ".env": "WORDS=murmured\n",
  };
  await using placed = await placeStackRepo(running, compose, { files });
  const { stack, lab, repo } = placed;
  await stack.write("keys/none", "");
  await promisify(execFile)("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(stack.root, "keys/id")]);
  const { app } = await composeUp(repo, lab);
  const said = await app?.exec("cat /lib /secrets /word");
  expect(said?.stdout.toString()).toBe("lib\nwhispered\nmurmuredsaid\n");
  const plan = async () => (await planComposeUp(repo, lab)).map(formatUpStep);
  expect(await plan()).toEqual([leave]);
  await stack.write("lib/file", "2\n");
  expect(await plan()).toEqual(rebuilds);
});

test("what compose writes while it builds comes while it builds", async () => {
  const running = await startLab({ hosts: { parent: {} } });
  const dockerfile = "FROM $IMAGE\\nRUN echo has''-begun; sleep 3\\n";
  const compose = `services:\n  app: { build: { dockerfile_inline: "${dockerfile}" }, ${runs} }\n`;
  await using placed = await placeStackRepo(running, compose);
  const { stack, lab, repo } = placed;
  const isBuilt = async () => {
    const found = promisify(execFile)("docker", ["image", "inspect", `${stack.project}-app`]);
    return found.then(() => true).catch(() => false);
  };
  let whenBegun: Promise<boolean> | undefined;
  const events: string[] = [];
  await composeUp(repo, lab, {
    onEvent: (event) => {
      events.push(event.type);
      if (event.type === "compose.build-output" && event.text.includes("has-begun")) whenBegun ??= isBuilt();
    },
  });
  expect(await whenBegun).toBe(false);
  expect(await isBuilt()).toBe(true);
  expect(events.filter((type) => type === "compose.started")).toHaveLength(1);
});
