import { rm } from "node:fs/promises";
import { join } from "node:path";
import { diskReader } from "@otto/lab";
import { expect, test } from "vitest";
import { pathFinders } from "../src/paths/references.js";
import { readProject } from "../src/read-project.js";
import { createWorkstation, readStaged, stageProject, unsentPaths } from "./reference.js";

const files = { "sub/file": "x", "sub/dir/Dockerfile": "FROM scratch\n" };
const service = (text: string) => `services:\n  a:\n    image: x\n${text.replaceAll(/^/gm, "    ")}\n`;

/** By key of the table: a file that uses it, and what is to be found when the table lacks it. */
const kinds: Record<string, { compose: string; found: Readonly<Record<string, string>> }> = {
  "services.*.volumes": {
    compose: service("volumes: ['./sub/dir:/d', { type: bind, source: ./sub/file, target: /f }]"),
    found: { "services.a.volumes[0].source": "sub/dir", "services.a.volumes[1].source": "sub/file" },
  },
  "services.*.security_opt": {
    compose: service("security_opt: ['seccomp:./sub/file', 'label:disable']"),
    found: { "services.a.security_opt[0]": "sub/file" },
  },
  "services.*.build": {
    compose: service("build: ./sub/dir"),
    found: { "services.a.build.context": "sub/dir" },
  },
  "services.*.build.additional_contexts.*": {
    compose: service(
      "build: { dockerfile_inline: FROM scratch, context: https://x.invalid/y.git, additional_contexts: [d=./sub/dir] }",
    ),
    found: { "services.a.build.additional_contexts.d": "sub/dir" },
  },
  "services.*.build.cache_from": {
    compose: service("build: { context: ./sub/dir, cache_from: ['type=local,src=./sub', 'type=local,src=./gone'] }"),
    found: { "services.a.build.cache_from[0]": "sub" },
  },
  "services.*.build.ssh.*": {
    compose: service("build: { context: ./sub/dir, ssh: [k=./sub/file] }"),
    found: { "services.a.build.ssh[0]": "sub/file" },
  },
  "configs.*.file": {
    compose: `${service("configs: [c]")}configs: { c: { file: ./sub/file }, unused: { file: ./sub/dir/Dockerfile } }\n`,
    found: { "configs.c.file": "sub/file" },
  },
  "secrets.*.file": {
    compose: `${service("secrets: [s]")}secrets: { s: { file: ./sub/file } }\n`,
    found: { "secrets.s.file": "sub/file" },
  },
  "volumes.*.driver_opts.*": {
    compose: `${service("volumes: ['vol:/v']")}volumes: { vol: { driver: local, driver_opts: { type: none, o: bind, device: ./sub/dir } } }\n`,
    found: { "volumes.vol.driver_opts.device": "sub/dir" },
  },
};

/** Of these Compose reads the files itself, or does not know the key yet (2.26). */
const refused: Record<string, string> = {
  "services.*.env_file": service("env_file: ./sub/file"),
  "services.*.label_file": service("label_file: ./sub/file"),
  "services.*.provider.type": "services: { a: { provider: { type: ./sub/file } } }\n",
};

const tableKeys = pathFinders.map(({ section, keys }) => `${section}.*.${keys[0]}`);

test("there is a case for each key of the table", () => {
  expect([...Object.keys(kinds), ...Object.keys(refused)].sort()).toEqual([...tableKeys].sort());
});

/** The project as it would be if the table lacked a key. */
async function readWithout(key: string, compose: string) {
  const workstation = await createWorkstation({ ...files, "compose.yml": compose });
  const { repoRoot, home } = workstation;
  const source = { files: [join(repoRoot, "compose.yml")], repoRoot, home, environment: {} };
  const finders = pathFinders.filter((_, index) => tableKeys[index] !== key);
  const project = await readProject(source, diskReader, finders);
  await stageProject(project, workstation.staged);
  return { workstation, project };
}

test.each(Object.entries(kinds))(
  "where the table lacks %s, what was not sent is found by key",
  async (key, { compose, found }) => {
    const { workstation, project } = await readWithout(key, compose);
    const unsent = await unsentPaths(workstation, project, await readStaged(workstation, project));
    expect(Object.fromEntries(unsent.map((one) => [one.key, one.path]))).toEqual(found);
  },
);

test.each(Object.entries(refused))(
  "where the table lacks %s, Compose refuses what was not sent",
  async (key, compose) => {
    const { workstation, project } = await readWithout(key, compose);
    await expect(readStaged(workstation, project)).rejects.toThrow(/exit|Command failed/);
  },
);

test("a Dockerfile outside of its context that was not sent is found", async () => {
  const { workstation, project } = await readWithout("", service("build: { context: ./sub/dir, dockerfile: ../file }"));
  const resources = project.resources.filter(({ kind }) => kind !== "dockerfile");
  await rm(join(workstation.staged, "repo/sub/file"));
  const unsent = await unsentPaths(workstation, { ...project, resources }, await readStaged(workstation, project));
  expect(unsent).toEqual([{ key: "services.a.build.dockerfile", path: "sub/file" }]);
});
