// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import { posix } from "node:path";
import { isOttoError, type OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import type { ComposeProject, ComposeSource, LocalReader } from "./project.js";
import { readComposeProject } from "./read-project.js";

/** Absolute or repo-relative paths to texts; `-> path` is a link, `socket` a socket. */
type Disk = Readonly<Record<string, string>>;

function diskOf(files: Disk): LocalReader {
  const texts = new Map(Object.entries(files).map(([path, text]) => [posix.resolve("/ws/repo", path), text]));
  const resolve = (path: string): string => {
    for (const [link, text] of texts) {
      if (text.startsWith("-> ") && (path === link || path.startsWith(`${link}/`))) {
        return resolve(posix.resolve(posix.dirname(link), text.slice(3)) + path.slice(link.length));
      }
    }
    return path;
  };
  return {
    readText: async (path) => texts.get(resolve(path)),
    async stat(path) {
      const realPath = resolve(path);
      const text = texts.get(realPath);
      if (text !== undefined) return { kind: text === "socket" ? "other" : "file", realPath };
      const isDirectory = [...texts.keys()].some((file) => file.startsWith(`${realPath}/`));
      return isDirectory ? { kind: "directory", realPath } : undefined;
    },
  };
}

function read(files: Disk, options: Partial<ComposeSource> = {}): Promise<ComposeProject> {
  const given = {
    files: ["/ws/repo/compose.yml"],
    repoRoot: "/ws/repo",
    home: "/home/me",
    environment: {},
    ...options,
  };
  return readComposeProject(given, diskOf(files));
}

async function refusal(files: Disk, options: Partial<ComposeSource> = {}): Promise<OttoError> {
  const error = await read(files, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isOttoError(error)) throw new Error("nothing was refused", { cause: error });
  return error;
}

const service = (text: string) => ({ "compose.yml": `services:\n  api:\n    image: x\n    ${text}\n` });

test.each([
  ["env_file: gone.env", "env_file", "gone.env"],
  ["env_file: [{ path: gone.env }]", "env_file[0].path", "gone.env"],
  ["label_file: ./gone.labels", "label_file", "gone.labels"],
  ["volumes: [{ type: bind, source: gone, target: /x }]", "volumes[0].source", "gone"],
  ["build: ./gone", "build", "gone"],
  ["build: .", "build", "Dockerfile"],
  ["build: {}", "build", "Dockerfile"],
  ["build: { dockerfile: '', target: x }", "build", "Dockerfile"],
  ["build: { context: ., dockerfile: Dockerfile.gone }", "build.dockerfile", "Dockerfile.gone"],
  [
    "build: { context: ., dockerfile_inline: FROM scratch, additional_contexts: [a=./gone] }",
    "build.additional_contexts[0]",
    "gone",
  ],
  ["security_opt: ['seccomp:gone.json']", "security_opt[0]", "gone.json"],
  ["extends: { file: gone.yml, service: api }", "extends.file", "gone.yml"],
])("%s is refused when it is missing, by file, line and key", async (text, key, path) => {
  const error = await refusal(service(text), { environment: { PWD: "/ws/repo" } });
  expect(error.message).toBe(`compose.yml:4 services.api.${key}: ${path} does not exist`);
  expect(error.code).toBe("COMPOSE_FILE_MISSING");
  expect(error.details).toEqual({ file: "compose.yml", line: 4, key: `services.api.${key}` });
});

test.each([
  "volumes: ['./gone:/x:ro']",
  "volumes: ['/ws/repo/gone:/x']",
  "volumes: ['${PWD}/gone:/x']",
  "volumes: [{ type: bind, source: gone, target: /x, bind: { create_host_path: true } }]",
])("of %s the missing directory is made, with a warning", async (text) => {
  const project = await read(service(text), { environment: { PWD: "/ws/repo" } });
  expect(project.madeDirectories).toEqual(["repo/gone"]);
  expect(project.warnings).toMatchObject([{ code: "COMPOSE_BIND_MADE", message: expect.stringContaining("gone") }]);
});

test.each([
  ["include: [gone.yml]", "include[0]"],
  ["include: [{ path: [other.yml, gone.yml] }]", "include[0].path[1]"],
  ["include: [{ path: other.yml, env_file: gone.env }]", "include[0].env_file"],
  ["configs: { c: { file: gone } }\nservices: { a: { image: x, configs: [c] } }", "configs.c.file"],
  ["secrets: { s: { file: gone } }\nservices: { a: { image: x, secrets: [{ source: s }] } }", "secrets.s.file"],
  ["secrets: { s: { file: gone } }\nservices: { a: { build: { context: /dev/x, secrets: [s] } } }", "secrets.s.file"],
  [
    "volumes: { v: { driver: local, driver_opts: { o: bind, device: ./gone } } }\nservices: { a: { image: x, volumes: ['v:/v'] } }",
    "volumes.v.driver_opts.device",
  ],
])("%s is refused when it is missing", async (text, key) => {
  const error = await refusal({ "compose.yml": text, "other.yml": "services: {}" });
  expect([error.code, error.details?.key]).toEqual(["COMPOSE_FILE_MISSING", key]);
});

test("a compose file that is missing is refused by its name", async () => {
  const error = await refusal({}, { files: ["/ws/repo/docker/compose.yml"] });
  expect([error.code, error.message]).toEqual(["COMPOSE_FILE_MISSING", "docker/compose.yml: it does not exist"]);
});

const outside = { "/ws/shared/x": "x", "/home/me/x": "x", "/home/me/.env": "A=1", "/ws/repo-2/x": "x" };

test.each([
  "volumes: ['../shared:/x']",
  "volumes: ['~/x:/x']",
  "volumes: ['${HOME}/x:/x']",
  "volumes: [{ type: bind, source: '${HOME:-/nowhere}', target: /x }]",
  "volumes: ['../repo-2:/x']",
  "volumes: ['../not/there:/x']",
  "volumes: ['./link:/x']",
  "env_file: ~/.env",
  "env_file: [{ path: /home/me/.env, required: false }]",
  "env_file: /etc/gone.env",
  "build: ../shared",
])("%s is refused outside of the repo", async (text) => {
  const disk = { ...service(text), ...outside, link: "-> ../shared" };
  const error = await refusal(disk, { environment: { HOME: "/home/me" } });
  expect([error.code, error.hint]).toEqual(["COMPOSE_PATH_OUTSIDE_REPO", expect.stringContaining("allow the path")]);
});

test.each([
  [true, "volumes: ['../shared:/x', '~/x:/y']"],
  [["../shared", "~/x"], "volumes: ['../shared/x:/x', '~/x:/y']"],
  [["/ws/shared", "/home/me"], "volumes: ['./link:/x', '${HOME}/x:/y']"],
])("what is allowed (%j) is shipped beside the repo", async (allowOutside, text) => {
  const disk = { ...service(text), ...outside, link: "-> ../shared" };
  const project = await read(disk, { allowOutside, environment: { HOME: "/home/me" } });
  const binds = project.resources.filter(({ kind }) => kind === "bind");
  expect(binds).toHaveLength(2);
  for (const { remotePath } of binds) {
    expect(remotePath).toMatch(/^outside\/[0-9a-f]{12}\/(?:shared|x|link)$/);
    expect(JSON.stringify(project.rewritten)).toContain(`../${remotePath}`);
  }
});

test.each([
  ["a link out of the repo", { ".env": "-> ../shared/x" }, "COMPOSE_PATH_OUTSIDE_REPO"],
  ["a socket", { ".env": "socket" }, "COMPOSE_PATH_UNSUPPORTED"],
  ["a link out of the repo beside an included file", { "sub/.env": "-> ../../shared/x" }, "COMPOSE_PATH_OUTSIDE_REPO"],
  ["a socket beside an included file", { "sub/.env": "socket" }, "COMPOSE_PATH_UNSUPPORTED"],
])("a .env that is %s is refused by its name", async (_, files, code) => {
  const included = {
    "compose.yml": "include: [sub/c.yml]\n",
    "sub/c.yml": "services: { a: { image: 'x:${TAG:-1}' } }\n",
  };
  const disk = { ...included, "../shared/x": "TAG=2\n", ...files };
  const error = await refusal(disk);
  expect([error.code, error.message]).toEqual([code, expect.stringContaining(Object.keys(files)[0] ?? "")]);
});

test("a .env that leads out of the repo counts where that is allowed, and a directory of that name does not", async () => {
  const disk = { "compose.yml": "services: { a: { image: 'x:${TAG:-1}' } }\n", "../shared/x": "TAG=2\n" };
  const [allowed] = (await read({ ...disk, ".env": "-> ../shared/x" }, { allowOutside: ["../shared"] })).services;
  expect(allowed?.image).toBe("x:2");
  expect((await read({ ...disk, ".env/file": "" })).services[0]?.image).toBe("x:1");
});

test("allowing one path does not allow its neighbours", async () => {
  const error = await refusal({ ...service("volumes: ['../repo-2:/x']"), ...outside }, { allowOutside: ["../repo"] });
  expect(error.code).toBe("COMPOSE_PATH_OUTSIDE_REPO");
});

test("paths of the parent stay as they are", async () => {
  const text =
    "volumes: ['/var/run/docker.sock:/s', '/dev/fuse:/f', '/home/other:/h', '/home/me/x:/x', 'named:/n', '${DATA}:/d']";
  const project = await read(service(text), { environment: { DATA: "/srv/data" } });
  expect(project.resources.map(({ kind }) => kind)).toEqual(["compose"]);
  expect(project.commandFiles).toEqual(["repo/compose.yml"]);
  expect(project.environment).toEqual({ DATA: "/srv/data" });
});

test("a socket in the repo is refused", async () => {
  const error = await refusal({ ...service("volumes: ['./s:/s']"), s: "socket" });
  expect(error.code).toBe("COMPOSE_PATH_UNSUPPORTED");
});

test("a device in the repo that Compose would not resolve is refused", async () => {
  const text =
    "services: { a: { image: x, volumes: ['v:/v'] } }\nvolumes: { v: { driver_opts: { o: 'bind,ro', device: /ws/repo/d } } }";
  expect((await refusal({ "compose.yml": text, "d/x": "" })).code).toBe("COMPOSE_PATH_UNSUPPORTED");
});

test.each([
  ["services:\n  api:\n    image: x\n   build: y\n", 4],
  ["services:\n  api:\n    image: x\n    image: y\n", 4],
  ["services:\n  api: *gone\n", 2],
  ["- services\n", 1],
  ["services: { api: { extends: gone } }", 1],
  ["services: { a: { extends: b }, b: { extends: a } }", 1],
  ["include: [compose.yml]", 1],
  ["x: &x [*x]\n", 1],
  ["", 0],
  ["# nothing\n", 0],
])("%j is refused as invalid, with its line", async (text, line) => {
  const error = await refusal({ "compose.yml": text });
  expect([error.code, error.details?.line]).toEqual(["COMPOSE_FILE_INVALID", line]);
});

test("aliases that multiply are refused instead of expanded", async () => {
  const levels = Array.from(
    { length: 12 },
    (_, level) => `x-${level + 1}: &a${level + 1} [${`*a${level},`.repeat(9)}]\n`,
  );
  const error = await refusal({ "compose.yml": `x-0: &a0 [1]\n${levels.join("")}` });
  expect(error.code).toBe("COMPOSE_FILE_INVALID");
});

test("a refused value is not repeated in the message", async () => {
  const error = await refusal(service("environment: { PASSWORD: 'hunter2${' }"));
  expect(error.code).toBe("COMPOSE_FILE_INVALID");
  expect(JSON.stringify([error.message, error.details])).not.toContain("hunter2");
});

test("a service that is not declared is refused, and the declared ones are listed", async () => {
  const error = await refusal(service(""), { services: ["web"] });
  expect([error.code, error.message]).toEqual([
    "COMPOSE_SERVICE_UNKNOWN",
    "compose.yml: there is no service web; declared: api",
  ]);
});

test("what only a disabled service refers to is shipped if it can be, and never refused", async () => {
  const text =
    "services:\n  api: { image: x }\n  debug:\n    profiles: [d]\n    build: ./gone\n    env_file: gone.env\n" +
    "    volumes: ['./here:/h', './gone:/g', '~/x:/x']\n";
  const project = await read({ "compose.yml": text, "here/x": "", ...outside });
  expect(project.resources.map(({ remotePath, required }) => [remotePath, required])).toEqual([["repo/here", false]]);
  expect(project.services.map(({ name, enabled }) => [name, enabled])).toEqual([
    ["api", true],
    ["debug", false],
  ]);
});

test("profiles come from the source, else from the environment, else from .env", async () => {
  const disk = { ...service("profiles: [p]"), ".env": "COMPOSE_PROFILES=p,q\n" };
  const profiles = async (options: Partial<ComposeSource>) => (await read(disk, options)).profiles;
  expect(await profiles({ profiles: ["own"] })).toEqual(["own"]);
  expect(await profiles({ environment: { COMPOSE_PROFILES: "outer" } })).toEqual(["outer"]);
  expect(await profiles({})).toEqual(["p", "q"]);
});

test("only variables that the stack uses are handed on, and those of configs and secrets too", async () => {
  const text =
    "services: { a: { image: 'x:${TAG}', environment: [BARE], env_file: a.env } }\n" +
    "secrets: { s: { environment: SECRET } }\nconfigs: { c: { environment: CONFIG } }\n";
  const environment = {
    TAG: "1",
    BARE: "2",
    SECRET: "3",
    CONFIG: "4",
    IN_ENV_FILE: "5",
    UNUSED: "6",
    HOME: "/home/me",
  };
  const project = await read({ "compose.yml": text, "a.env": "A=${IN_ENV_FILE}\n" }, { environment });
  const { UNUSED: _unused, HOME: _home, ...used } = environment;
  expect(project.environment).toEqual(used);
});

test("what secrets are made of is told, from the environment before .env; what configs are made of is not", async () => {
  const project = await read(
    {
      "compose.yml": `services: { api: { image: x } }
configs: { c: { environment: C } }
secrets: { a: { environment: A }, b: { environment: B }, unset: { environment: U }, f: { file: ./f } }
`,
      ".env": "A=a-of-file\nB=b-of-file\nC=c\n",
      f: "f",
    },
    { environment: { A: "a-of-shell" } },
  );
  expect([...project.secretVariables]).toEqual([
    ["a", "A"],
    ["b", "B"],
    ["unset", "U"],
  ]);
  expect(project.secretValues.map((secret) => secret.reveal())).toEqual(["a-of-shell", "b-of-file"]);
});

test("a raw file of variables is taken as it is", async () => {
  const text = "env_file: [{ path: raw.env, format: raw }]";
  const project = await read({ ...service(text), "raw.env": "A=${HOME\nB='x\nBARE\n" }, { environment: { BARE: "1" } });
  expect(project.resources.map(({ remotePath }) => remotePath)).toEqual(["repo/compose.yml", "repo/raw.env"]);
  expect(project.environment).toEqual({ BARE: "1" });
});

test("a variable that is not set is told with its place", async () => {
  const project = await read(service("labels: { a: '${NOT_SET}', b: '${NOT_SET:-x}' }"));
  expect(project.warnings).toEqual([
    {
      code: "COMPOSE_VARIABLE_NOT_SET",
      reference: "compose.yml:4 services.api.labels.a",
      message: "compose.yml:4 services.api.labels.a: variable NOT_SET is not set, and becomes an empty text",
    },
  ]);
});

test("a value that holds a path of this machine is told", async () => {
  const project = await read(service("labels: { a: '${PWD}' }"), { environment: { PWD: "/ws/repo" } });
  expect(project.warnings.map(({ code }) => code)).toEqual(["COMPOSE_LOCAL_PATH_IN_VALUE"]);
});

test("a variable of the parent's own is written out, and a secret beside it is not", async () => {
  const text = service("command: echo ${HOME}/$${HOME}/${TOKEN}/${DOCKER_HOST:-none} # ${HOME}");
  const project = await read(text, { environment: { HOME: "/h$1", TOKEN: "secret" } });
  expect(project.rewritten[0]?.content).toContain('command: "echo /h$$1/$${HOME}/${TOKEN}/none" # ${HOME}\n');
  expect(project.environment).toEqual({ TOKEN: "secret" });
});

test("what is fetched by the parent is left alone and told", async () => {
  const text =
    "include: ['https://example.invalid/repo.git', oci://example.invalid/x]\nservices: { a: { build: 'git@example.invalid:x' } }\n";
  const project = await read({ "compose.yml": text });
  expect(project.warnings.map(({ code }) => code)).toEqual(["COMPOSE_REMOTE_RESOURCE", "COMPOSE_REMOTE_RESOURCE"]);
  expect(project.resources).toHaveLength(1);
});

test("services are summed up from all files", async () => {
  const base = `
name: stack-\${STAGE}
services:
  web:
    image: web
    container_name: the-web
    depends_on: { api: { condition: service_started, restart: true } }
    network_mode: service:api
    volumes_from: ["migrate:ro", "container:other"]
    ports: ["80:80"]
    healthcheck: { test: [CMD, "true"] }
    deploy: { replicas: 3, restart_policy: { condition: on-failure } }
  api: { build: { dockerfile_inline: FROM scratch }, links: ["web:w"], restart: always }
  migrate: { image: m }
`;
  const over =
    "services: { web: { depends_on: { migrate: { condition: service_completed_successfully, required: false } }, scale: 2 } }\n";
  const files = ["/ws/repo/compose.yml", "/ws/repo/over.yml"];
  const project = await read({ "compose.yml": base, "over.yml": over }, { files, environment: { STAGE: "dev" } });
  expect(project.name).toBe("stack-dev");
  expect(project.services[0]).toEqual({
    name: "web",
    image: "web",
    hasBuild: false,
    profiles: [],
    enabled: true,
    replicas: 2,
    containerName: "the-web",
    hasHealthcheck: true,
    restart: "on-failure",
    dependsOn: [
      { service: "api", condition: "service_started", required: true, restart: true },
      { service: "migrate", condition: "service_completed_successfully", required: false, restart: false },
    ],
    sharesWith: ["api"],
    volumesFrom: ["migrate"],
    publishesPorts: true,
    oneShot: false,
  });
  expect(project.services.map(({ name, oneShot, hasBuild }) => [name, oneShot, hasBuild])).toEqual([
    ["web", false, false],
    ["api", false, true],
    ["migrate", true, false],
  ]);
});

test("a service says whether a build by itself makes its image for more platforms than an up", async () => {
  const compose = `services:
  one: { build: { dockerfile_inline: FROM scratch, platforms: [linux/amd64] } }
  two: { build: { dockerfile_inline: FROM scratch, platforms: [linux/amd64, linux/arm64] } }
`;
  const { services } = await read({ "compose.yml": compose });
  expect(services.map(({ isMultiPlatform }) => isMultiPlatform)).toEqual([undefined, true]);
});

test("a context says what is built from it, and by which Dockerfile", async () => {
  const compose = `services:
  plain: { build: ./app }
  named: { build: { context: ./app, dockerfile: docker/x.Dockerfile } }
  linked: { build: { context: ./link, dockerfile: ../link/docker/x.Dockerfile } }
  far: { build: { context: ./app, dockerfile: ../shared/Dockerfile } }
  inline: { build: { context: ./app, dockerfile_inline: FROM scratch } }
  beside: { build: { context: ./lib, additional_contexts: { app: ./app, base: docker-image://busybox } } }
  default: { build: { dockerfile: shared/Dockerfile } }
`;
  const over = "services: { plain: { build: ./lib } }\n";
  const disk = {
    ...{ "compose.yml": compose, "over.yml": over, link: "-> app" },
    ...{ "app/Dockerfile": "", "app/docker/x.Dockerfile": "", "shared/Dockerfile": "", "lib/dockerfile": "" },
  };
  const { resources } = await read(disk, { files: ["/ws/repo/compose.yml", "/ws/repo/over.yml"] });
  const uses = resources.map(({ remotePath, builds }) =>
    (builds ?? []).map(({ service, dockerfile }) => `${remotePath} ${service} ${dockerfile}`),
  );
  expect(uses.flat()).toEqual([
    "repo default /ws/repo/shared/Dockerfile",
    "repo/app named /ws/repo/app/docker/x.Dockerfile",
    "repo/app linked /ws/repo/app/docker/x.Dockerfile",
    "repo/app far /ws/repo/shared/Dockerfile",
    "repo/app inline undefined",
    "repo/app beside undefined",
    "repo/lib plain /ws/repo/lib/dockerfile",
    "repo/lib beside /ws/repo/lib/dockerfile",
    "repo/shared/Dockerfile far undefined",
  ]);
});

test("an absolute Dockerfile is refused where the parent fetches the context", async () => {
  const build = "build: { context: 'https://x.invalid/y.git', dockerfile: /ws/repo/Dockerfile }";
  const error = await refusal({ ...service(build), Dockerfile: "" });
  expect([error.code, error.details?.key]).toEqual(["COMPOSE_PATH_UNSUPPORTED", "services.api.build.dockerfile"]);
});

test.each([{ files: [] }, { files: ["compose.yml"] }, { repoRoot: "repo" }, { home: "~" }])(
  "%j is a caller's mistake",
  async (options) => {
    await expect(read(service(""), options)).rejects.toBeInstanceOf(TypeError);
  },
);

test.each(["a b", "a/b", "é", "", "a\\u001b[2J", "a\\u202eb", "x:y", "$(id)"])(
  "the service name %s is refused at its line, as Compose does",
  async (name) => {
    const error = await refusal({ "compose.yml": `services:\n  ok: { image: x }\n  "${name}": { image: x }\n` });
    expect(error.code).toBe("COMPOSE_FILE_INVALID");
    expect(error.message).toMatch(/^compose\.yml:3 services.*: invalid service name "/);
  },
);

test.each(["a", "A", "_x", "-x", "a.b", "..", "__proto__", "constructor"])(
  "the service name %s is taken",
  async (name) => {
    const { services } = await read({ "compose.yml": `services:\n  "${name}": { image: x }\n` });
    expect(services.map((service) => service.name)).toEqual([name]);
  },
);

test("variables with the names of an object's own properties are variables like any other", async () => {
  const files = service("environment: { A: '${constructor}', B: '${toString:-unset}', C: '${__proto__:-none}' }");
  const unset = await read(files);
  expect(unset.environment).toEqual({});
  expect(unset.warnings.map(({ message }) => message)).toEqual([expect.stringContaining("constructor is not set")]);
  const set = await read(files, {
    environment: Object.fromEntries([
      ["__proto__", "p"],
      ["constructor", "c"],
    ]),
  });
  expect(Object.entries(set.environment)).toEqual([
    ["__proto__", "p"],
    ["constructor", "c"],
  ]);
});

test("variables that compose takes for itself are not handed on, whoever asks for them", async () => {
  const own = { COMPOSE_FILE: "other.yml", COMPOSE_PROFILES: "p", DOCKER_HOST: "tcp://x", SUDO_USER: "me" };
  const text = "environment: [COMPOSE_FILE, 'A=${COMPOSE_PROFILES}', 'B=${DOCKER_HOST}', 'C=${SUDO_USER}', 'D=${TAG}']";
  const project = await read(service(text), { environment: { ...own, TAG: "1", COMPOSE_PROJECT_NAME: "n" } });
  expect(project.environment).toEqual({ TAG: "1" });
});

test("a provider's program and a local build cache are sent, from the project directory, whichever file names them", async () => {
  const files = {
    "compose.yml": "include: [sub/more.yml]\nservices: { a: { provider: { type: /ws/repo/tools/run } } }",
    "sub/more.yml": `services:
  b: { provider: { type: ./tools/run } }
  c: { build: { context: ., cache_from: ["type=local,src=cache", "type=local,src=gone", "type=local,src=/tmp/own"] } }
`,
    "sub/Dockerfile": "FROM scratch",
    "tools/run": "#!/bin/sh",
    "cache/index.json": "{}",
  };
  const project = await read(files);
  expect(project.resources.filter(({ kind }) => kind === "provider" || kind === "cache")).toMatchObject([
    { kind: "cache", remotePath: "repo/cache", entry: "directory" },
    { kind: "provider", remotePath: "repo/tools/run", entry: "file", required: true },
  ]);
  expect(project.rewritten.map(({ content }) => content).join("")).toContain('"./tools/run"');
  expect((await refusal({ "compose.yml": "services: { a: { provider: { type: ./gone } } }" })).code).toBe(
    "COMPOSE_FILE_MISSING",
  );
  const outside = { "compose.yml": "services: { a: { build: { cache_from: ['type=local,src=../cache'] } } }" };
  expect((await refusal({ ...outside, Dockerfile: "", "../cache/index.json": "" })).code).toBe(
    "COMPOSE_PATH_OUTSIDE_REPO",
  );
});

test("paths that are looked for on the parent are named, of services that are to run", async () => {
  const paths = (profiles: string) => `${profiles}
    credential_spec: { file: spec.json }
    build:
      context: .
      cache_to: ["type=local,dest=./cache", "type=registry,ref=x/y"]
      additional_contexts: { base: "oci-layout://./layout:1" }`;
  const text = `services:\n  a:\n    hostname: a${paths("")}\n  b:\n    profiles: [off]${paths("")}\n`;
  const { warnings } = await read({ "compose.yml": text, Dockerfile: "FROM scratch" });
  expect(warnings.map(({ code, reference }) => `${code} ${reference}`)).toEqual([
    "COMPOSE_PATH_NOT_SENT compose.yml:4 services.a.credential_spec.file",
    "COMPOSE_PATH_NOT_SENT compose.yml:7 services.a.build.cache_to[0]",
    "COMPOSE_PATH_NOT_SENT compose.yml:8 services.a.build.additional_contexts.base",
  ]);
});
