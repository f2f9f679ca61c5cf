// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import { posix } from "node:path";
import type { ComposeService, LocalResource } from "@otto/compose-files";
import { readRandomRun } from "@otto/lab";
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { type Config, createWorkstation, expectedConfig, localConfig, readProject, stagedConfig } from "./reference.js";

/** Everything that references can lead to. Each file of variables has a variable of its own, each file a text. */
const targets = {
  dirs: ["d0", "d1", "d0/in", "deep/er/d2"],
  envFiles: ["e0.env", "deep/e1.env", "d0/e2.env", "d1/home.env"],
  files: ["c0.txt", "deep/c1.txt", "d1/c2.txt"],
};
const tree: Record<string, string> = {
  "deep/er/.env": "FROM_DOTENV=deep-er\nHOMELY=${HOME}\n",
  "deep/.env": "FROM_DOTENV=deep\n",
  ".env": "FROM_DOTENV=root\n",
};
for (const dir of targets.dirs) Object.assign(tree, { [`${dir}/Dockerfile`]: "FROM scratch\n", [`${dir}/data`]: dir });
for (const [index, file] of targets.envFiles.entries()) tree[file] = `E${index}=\${FROM_DOTENV:-}\nTOKEN\n`;
tree["d1/home.env"] += "AT=${HOME}\nHOME\n";
for (const file of targets.files) tree[file] = file;

const bases = [".", "deep", "deep/er", "d1"];
type Style = "plain" | "dotted" | "variable" | "root" | "pwd";
const style = fc.constantFrom<Style[]>("plain", "dotted", "dotted", "variable", "root", "pwd");

/** A reference to `target` as one would write it in a file whose paths start from `base`. */
function write(base: string, target: string, as: Style): string {
  if (as === "root") return `\${REPO}/${target}`;
  if (as === "pwd") return `$PWD/${target}`;
  const path = posix.relative(base, target) || ".";
  const relative = path.startsWith(".") ? path : `./${path}`;
  return as === "variable" ? relative.replace("d0", "${D0}").replace("deep", "${NONE:-deep}") : relative;
}

type Render = (base: string) => unknown;
const path = (pool: readonly string[]) =>
  fc.tuple(fc.constantFrom(...pool), style).map(
    ([target, as]) =>
      (base: string) =>
        write(base, target, as),
  );
const oneOf = (key: string, value: fc.Arbitrary<Render>) =>
  value.map((render) => (base: string) => ({ [key]: render(base) }));
const listOf = (items: fc.Arbitrary<Render>, maxLength: number): fc.Arbitrary<Render> =>
  fc.array(items, { minLength: 1, maxLength }).map((renders) => (base) => renders.map((render) => render(base)));
const constant = (value: unknown): fc.Arbitrary<Render> => fc.constant(() => value);

const mountPoint = fc.constantFrom("/m0", "/m1", "/m2");
const source = path([...targets.dirs, ...targets.files]);
const volume: fc.Arbitrary<Render> = fc.oneof(
  fc.tuple(source, mountPoint, fc.constantFrom("", ":ro")).map(
    ([at, target, mode]) =>
      (base: string) =>
        `${at(base)}:${target}${mode}`,
  ),
  fc.tuple(source, mountPoint).map(([at, target]) => (base: string) => ({ type: "bind", source: at(base), target })),
  mountPoint.map((target) => () => `named:${target}`),
  mountPoint.map((target) => () => `/var/run/docker.sock:${target}`),
);
const envFile: fc.Arbitrary<Render> = fc.oneof(
  path(targets.envFiles),
  path(targets.envFiles).map((at) => (base: string) => ({ path: at(base) })),
  constant({ path: "./nowhere.env", required: false }),
);
const build: fc.Arbitrary<Render> = fc.oneof(
  path(targets.dirs),
  fc.tuple(path(targets.dirs), path(targets.dirs)).map(([context, other]) => (base: string) => ({
    context: context(base),
    additional_contexts: { other: other(base), remote: "docker-image://busybox" },
  })),
  constant("https://example.invalid/repo.git"),
  constant({ dockerfile_inline: "FROM scratch\n" }),
);
const field: fc.Arbitrary<Render> = fc.oneof(
  oneOf("volumes", listOf(volume, 3)),
  oneOf("env_file", listOf(envFile, 2)),
  oneOf("build", build),
  oneOf("environment", constant(["TOKEN", "HOME", "X=${TOKEN}", "H=${HOME}"])),
  oneOf("configs", constant(["text", { source: "inline", target: "/inline" }])),
  oneOf(
    "secrets",
    fc.constantFrom(["file"], ["variable"], [{ source: "file", target: "elsewhere" }]).map((it) => () => it),
  ),
  oneOf(
    "profiles",
    fc.constantFrom(["p"], ["q"]).map((it) => () => it),
  ),
  oneOf(
    "scale",
    fc.constantFrom(2, "${THREE}").map((it) => () => it),
  ),
  oneOf("restart", constant("always")),
  oneOf(
    "healthcheck",
    fc.constantFrom({ test: ["CMD", "true"] }, { disable: true }, { test: ["NONE"] }).map((it) => () => it),
  ),
  oneOf("hostname", constant("named-${TOKEN}")),
);
const service = fc
  .array(field, { maxLength: 5 })
  .map(
    (fields) => (base: string) =>
      Object.assign({ image: "x:${FROM_DOTENV:-none}" }, ...fields.map((render) => render(base))) as object,
  );

interface File {
  readonly path: string;
  readonly content: object;
}

const project = fc
  .record({
    main: fc.constantFrom(...bases),
    services: fc.array(service, { minLength: 2, maxLength: 3 }),
    over: fc.option(fc.tuple(fc.constantFrom(...bases), service)),
    extended: fc.option(fc.tuple(fc.constantFrom(...bases), fc.constantFrom(...bases), service, service)),
    included: fc.option(fc.tuple(fc.constantFrom(...bases), fc.option(fc.constantFrom(...bases)), service)),
    text: path(targets.files),
    file: path(targets.files),
  })
  .map((it) => {
    const files: File[] = [];
    const services: Record<string, object> = {};
    for (const [index, render] of it.services.entries()) services[`s${index}`] = render(it.main);
    const main: Record<string, unknown> = { services };
    main.configs = { text: { file: it.text(it.main) }, inline: { content: "inline ${TOKEN}" } };
    main.secrets = { file: { file: it.file(it.main) }, variable: { environment: "TOKEN" } };
    main.volumes = { named: {} };
    if (it.extended !== null) {
      const [one, two, first, second] = it.extended;
      const deeper = { service: "x1", file: write(one, `${two}/two.yml`, "dotted") };
      files.push({ path: `${one}/one.yml`, content: { services: { x0: { ...first(one), extends: deeper } } } });
      files.push({ path: `${two}/two.yml`, content: { services: { x1: second(two) } } });
      Object.assign(services.s1 ?? {}, {
        extends: { service: "x0", file: write(it.main, `${one}/one.yml`, "dotted") },
      });
    }
    if (it.included !== null) {
      const [directory, projectDirectory, render] = it.included;
      const named = projectDirectory === null ? {} : { project_directory: write(it.main, projectDirectory, "dotted") };
      main.include = [{ path: write(it.main, `${directory}/inc.yml`, "dotted"), ...named }];
      const own = withoutMounts(render(projectDirectory ?? directory));
      files.push({ path: `${directory}/inc.yml`, content: { services: { included: own }, volumes: { named: {} } } });
    }
    const command: File[] = [{ path: `${it.main}/compose.yml`, content: main }];
    if (it.over !== null)
      command.push({ path: `${it.over[0]}/over.yml`, content: { services: { s0: it.over[1](it.main) } } });
    return { files, command };
  });

/** An included file knows only its own configs and secrets. */
function withoutMounts(content: object): object {
  const { configs: _configs, secrets: _secrets, ...rest } = content as Record<string, unknown>;
  return rest;
}

interface ReferenceService {
  readonly image?: string;
  readonly scale?: number;
  readonly deploy?: { readonly replicas?: number };
  readonly restart?: string;
  readonly container_name?: string;
  readonly profiles?: string[];
  readonly healthcheck?: { readonly test?: string[]; readonly disable?: boolean };
  readonly build?: { readonly context: string; readonly additional_contexts?: Record<string, string> };
  readonly volumes?: readonly { readonly type: string; readonly source?: string }[];
  readonly configs?: readonly { readonly source: string }[];
  readonly secrets?: readonly { readonly source: string }[];
  readonly environment?: Record<string, string | null>;
}

const { count: numRuns, seed, label } = readRandomRun("OTTO_CASES", 60);

test(`any project (${label}) is the same to Compose in the staged tree, and needs just the files that Compose names`, async () => {
  let count = 0;
  const check = async ({ files, command }: { files: File[]; command: File[] }) => {
    const texts = Object.fromEntries([...files, ...command].map((file) => [file.path, stringify(file.content)]));
    const workstation = await createWorkstation({ ...tree, ...texts });
    const { repoRoot, home } = workstation;
    const environment = { PWD: repoRoot, REPO: repoRoot, HOME: home, TOKEN: "t$1", D0: "d0", THREE: "3" };
    const options = { environment, profiles: ["p"] };
    const paths = command.map((file) => file.path);
    const theirs = await localConfig(workstation, paths, options);
    const ours = await readProject(workstation, paths, options);
    expect(await stagedConfig(workstation, ours)).toEqual(expectedConfig(theirs, workstation, ours));
    expect(requiredPaths(ours.resources)).toEqual(referencePaths(theirs, repoRoot));
    expect(summariesOf(ours.services)).toEqual(referenceSummaries(theirs));
    expect(JSON.stringify({ ...ours, resources: [] })).not.toContain(`${repoRoot}/`);
    count++;
  };
  await fc.assert(fc.asyncProperty(project, check), { numRuns, seed });
  expect(count).toBeGreaterThan(0);
});

function requiredPaths(resources: readonly LocalResource[]): string[] {
  const kinds = ["bind", "build", "config", "secret"];
  const required = resources.filter((resource) => resource.required && kinds.includes(resource.kind));
  return [...new Set(required.map(({ remotePath }) => remotePath))].sort(compare);
}

function referencePaths(config: Config, repoRoot: string): string[] {
  const declared = config as {
    configs?: Record<string, { file?: string }>;
    secrets?: Record<string, { file?: string }>;
  };
  const paths = servicesOf(config).flatMap(([, service]) => [
    ...(service.volumes ?? []).flatMap(({ type, source: bound }) => (type === "bind" ? [bound] : [])),
    service.build?.context,
    ...Object.values(service.build?.additional_contexts ?? {}),
    ...(service.configs ?? []).map(({ source: name }) => declared.configs?.[name]?.file),
    ...(service.secrets ?? []).map(({ source: name }) => declared.secrets?.[name]?.file),
  ]);
  const local = paths.filter((it): it is string => `${it}/`.startsWith(`${repoRoot}/`));
  return [...new Set(local.map((it) => posix.join("repo", posix.relative(repoRoot, it))))].sort(compare);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

type Summary = Pick<
  ComposeService,
  "name" | "image" | "hasBuild" | "replicas" | "restart" | "containerName" | "hasHealthcheck"
>;

function summariesOf(services: readonly ComposeService[]): Summary[] {
  const enabled = services.filter((it) => it.enabled).sort((a, b) => compare(a.name, b.name));
  return enabled.map(({ name, image, hasBuild, replicas, restart, containerName, hasHealthcheck }) => {
    return { name, image, hasBuild, replicas, restart, containerName, hasHealthcheck };
  });
}

function referenceSummaries(config: Config): Summary[] {
  return servicesOf(config).map(([name, it]) => ({
    name,
    image: it.image,
    hasBuild: it.build !== undefined,
    replicas: it.scale ?? it.deploy?.replicas ?? 1,
    restart: it.restart ?? "no",
    containerName: it.container_name?.replaceAll("$$", "$"),
    hasHealthcheck: it.healthcheck?.disable !== true && (it.healthcheck?.test ?? ["NONE"])[0] !== "NONE",
  }));
}

function servicesOf(config: Config): [string, ReferenceService][] {
  return Object.entries((config.services ?? {}) as Record<string, ReferenceService>).sort(([a], [b]) => compare(a, b));
}
