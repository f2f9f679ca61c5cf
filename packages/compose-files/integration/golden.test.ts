// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import {
  type Config,
  createWorkstation,
  expectedConfig,
  localConfig,
  readProject,
  stagedConfig,
  stageProject,
} from "./reference.js";

const compose = `# One stack with everything in it that Compose reads from the disk.
name: golden
x-common: &common
  restart: unless-stopped # kept
  env_file: [./common.env]
x-mounts:
  - &link ../linked.txt:/linked.txt
include:
  - ../included/compose.yml
  - path: [../other/a.yml, ../other/b.yml]
    project_directory: ../other/directory
    env_file: ../other/own.env
services:
  api:
    <<: *common
    image: "api:\${TAG:-\${FALLBACK:-latest}}"
    build:
      context: ./api
      dockerfile: ../Dockerfile.api
      additional_contexts: ["shared=../shared", "base=docker-image://busybox"]
      args: [HTTP_PROXY, "FROM=\${STAGE}"]
      secrets: [token]
    volumes:
      - ./conf/\${STAGE}:/conf:ro
      - \${PWD}/docker/data:/data
      - *link
      - /var/run/docker.sock:/var/run/docker.sock
      - /dev/null:/null
      - named:/named
      - device:/device
      - { type: bind, source: ../shared, target: /shared, read_only: true }
      - ~/settings:/settings
      - "\${HOME}/settings/deep:/deep"
    environment:
      TOKEN:
      LITERAL: a$$b
    configs: [text, { source: inline, target: /inline }]
    secrets: [file, token]
    security_opt: ["seccomp=./seccomp.json", "no-new-privileges:true"]
    develop: { watch: [{ path: ./not-there, action: rebuild }] }
    depends_on: { once: { condition: service_completed_successfully } }
  once:
    extends: { file: ../base/base.yml, service: once }
  debug:
    image: debug
    profiles: [debug]
    env_file: ./not-there.env
    volumes: [./not-there:/x, ~/private:/private, "\${PWD}/not-there-too:/y"]
configs:
  text: { file: ./text.txt }
  inline: { content: "stage \${STAGE}" }
  unused: { file: ./not-there.txt }
secrets:
  file: { file: ../secret.txt }
  token: { environment: TOKEN }
volumes:
  named: {}
  device: { driver: local, driver_opts: { type: none, o: bind, device: ./device } }
`;

const tree = {
  "docker/compose.yml": compose,
  "docker/override.yml":
    "services: { api: { env_file: [{ path: ./over.env, required: false }], volumes: [./conf2:/conf2] } }\n",
  "docker/.env": "STAGE=dev\nHOMELY=${HOME}/x\n",
  "docker/common.env": "COMMON=${STAGE}-${TOKEN}\nHTTP_PROXY\n",
  "docker/conf/dev/a": "a",
  "docker/conf2/b": "b",
  "docker/data/c": "c",
  "docker/device/d": "d",
  "docker/text.txt": "text\n",
  "docker/seccomp.json": "{}",
  "docker/api/Dockerfile": "FROM scratch\n",
  "docker/Dockerfile.api": "FROM busybox\n",
  "docker/Dockerfile.api.dockerignore": "*.log\n",
  "linked.txt": "-> real.txt",
  "real.txt": "real",
  "secret.txt": "secret",
  "shared/s p a c e": "\u00e9",
  "base/base.yml": "services: { once: { extends: { file: deeper/deeper.yml, service: once }, env_file: once.env } }\n",
  "base/once.env": "ONCE=1\n",
  "base/deeper/deeper.yml":
    "services: { once: { image: once, volumes: [./data:/data] }, other: { image: o, build: ./none } }\n",
  "base/deeper/data/e": "e",
  "included/compose.yml": "services: { included: { image: 'included:${HERE}', volumes: [./data:/data] } }\n",
  "included/.env": "HERE=there\n",
  "included/data/f": "f",
  "other/a.yml": "services: { other: { image: 'other:${OTHER}', volumes: [./data:/data] } }\n",
  "other/b.yml": "services: { other: { labels: [x=y] } }\n",
  "other/own.env": "OTHER=own\n",
  "other/directory/data/g": "g",
  "~/settings/deep/h": "h",
  "~/private/key": "never shipped",
};

const files = ["docker/compose.yml", "docker/override.yml"];

async function readGolden() {
  const workstation = await createWorkstation(tree);
  const { repoRoot, home } = workstation;
  const environment = { PWD: repoRoot, HOME: home, TOKEN: "a b$c'\"", HTTP_PROXY: "http://proxy", UNUSED: "unused" };
  const options = { environment, allowOutside: ["~/settings"] };
  return { workstation, options, project: await readProject(workstation, files, options) };
}

test("the golden stack is the same to Compose in the staged tree", async () => {
  const { workstation, options, project } = await readGolden();
  const local = JSON.stringify(await localConfig(workstation, files, options)).replace('/linked.txt"', '/real.txt"');
  const expected = expectedConfig(JSON.parse(local) as Config, workstation, project);
  expect(await stagedConfig(workstation, project)).toEqual(expected);
  expect(project.environment).toEqual({ HTTP_PROXY: "http://proxy", TOKEN: "a b$c'\"" });
});

test("everything that the golden stack reads arrives byte for byte", async () => {
  const { workstation, project } = await readGolden();
  const config = JSON.stringify(await stagedConfig(workstation, project));
  const paths = [...config.matchAll(/"(?:source|file|context|device)":"([^"]+)"/g)].map(([, path]) => path ?? "");
  const staged = paths.filter((path) => path.startsWith(workstation.staged));
  const hashes = await Promise.all(staged.map(hashTree));
  const expected = ["docker/api", "docker/conf/dev", "docker/conf2", "docker/data", "docker/device", "docker/text.txt"];
  expected.push("real.txt", "secret.txt", "shared", "base/deeper/data", "included/data", "other/directory/data");
  const local = await Promise.all(expected.map((path) => hashTree(join(workstation.repoRoot, path))));
  for (const path of ["settings", "settings/deep"]) local.push(await hashTree(join(workstation.home, path)));
  expect(new Set(hashes)).toEqual(new Set(local));
});

test("nothing of the workstation's own places is in the staged tree", async () => {
  const { workstation, project } = await readGolden();
  await stageProject(project, workstation.staged);
  const root = join(workstation.repoRoot, "..");
  const grep = promisify(execFile)("grep", ["-rlF", "-e", root, "-e", "never shipped", workstation.staged]);
  await expect(grep).rejects.toMatchObject({ code: 1, stdout: "" });
  expect(await listFiles(workstation.staged)).toContain("repo/docker/Dockerfile.api.dockerignore");
  expect(JSON.stringify([project.environment, project.rewritten, project.commandFiles])).not.toContain(root);
});

test("a stack without anything to rewrite is shipped as it is", async () => {
  const text = "services:\n  api: { image: x, volumes: [./data:/data], env_file: ../api.env }\n";
  const workstation = await createWorkstation({ "a/compose.yml": text, "a/data/x": "x", "api.env": "A=1\n" });
  const project = await readProject(workstation, ["a/compose.yml"]);
  expect(project.rewritten).toEqual([{ remotePath: "compose/none.env", content: "" }]);
  expect(project.commandFiles).toEqual(["repo/a/compose.yml"]);
  await stageProject(project, workstation.staged);
  expect(await readFile(join(workstation.staged, "repo/a/compose.yml"), "utf8")).toBe(text);
});

test.each([
  [["web"], []],
  [["lonely"], []],
  [["debug"], []],
  [[], ["debug"]],
  [["web"], ["*"]],
  [[], []],
])("services %j with profiles %j are those that Compose runs", async (services, profiles) => {
  const workstation = await createWorkstation({
    "compose.yml": `
services:
  web: { image: x, depends_on: [api], links: ["cache:c"] }
  api: { image: x, network_mode: "service:net", volumes_from: ["store:ro"] }
  net: { image: x }
  store: { image: x, depends_on: { migrate: { condition: service_completed_successfully, required: false } } }
  migrate: { image: x }
  cache: { image: x }
  lonely: { image: x }
  debug: { image: x, profiles: [debug], depends_on: [api] }
  tool: { image: x, profiles: [debug, tools] }
`,
  });
  const config = await localConfig(workstation, ["compose.yml"], { services, profiles });
  const project = await readProject(workstation, ["compose.yml"], { services, profiles });
  const enabled = project.services.filter((service) => service.enabled).map(({ name }) => name);
  expect(new Set(enabled)).toEqual(new Set(Object.keys(config.services ?? {})));
});

async function listFiles(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort((a, b) => (a < b ? -1 : 1));
}

async function hashTree(path: string): Promise<string> {
  const hash = createHash("sha256");
  const names = await listFiles(path).catch(() => [""]);
  for (const name of names) hash.update(`${name}\0`).update(await readFile(join(path, name)));
  return hash.digest("hex");
}
