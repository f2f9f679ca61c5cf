import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Lab, startLab } from "@otto/lab";
import { build } from "esbuild";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDemoRepo, type DemoRepo } from "./demo-repo.js";

const execute = promisify(execFile);

// Prints the hash's length, what the parent says by SSH and whether its engine answers.
const program = `
import { composePs, contextHash, openLab } from "@otto/docker";

const lab = await openLab({ cwd: process.argv[2], lab: "lab", trusted: [process.argv[2]] });
const [repo] = lab.repos;
const parent = lab.parent("parent");
const { stdout } = await parent.exec(["echo", "by ssh"]);
const containers = await composePs(parent);
console.log((await contextHash(repo.docker.images[0], { repo })).length, stdout.toString().trim(), Array.isArray(containers));
await lab[Symbol.asyncDispose]();
`;

/** The thread that reads large contexts: a file of its own, beside the one that starts it. */
const worker = join(import.meta.dirname, "../../context/dist/digest-worker.js");

/** It finds files beside its own, and has a native part. */
const installed = join(import.meta.dirname, "../../ssh2-streamer/node_modules/ssh2");

let machines: Lab<"parent">;
let repo: DemoRepo;
let directory: string;

beforeAll(async () => {
  machines = await startLab({ hosts: { parent: {} } });
  repo = await createDemoRepo(machines);
  directory = await mkdtemp(join(tmpdir(), "otto-bundles-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
  await repo[Symbol.asyncDispose]();
  await machines[Symbol.asyncDispose]();
});

type Bundle = (entries: { program: string; "digest-worker": string }, outDirectory: string) => Promise<unknown>;

const bundlers: Readonly<Record<string, Bundle>> = {
  esbuild: (entries, outdir) =>
    build({
      ...{ entryPoints: entries, outdir, bundle: true, platform: "node", format: "esm", target: "node20" },
      logLevel: "error",
      mainFields: ["module", "main"],
      external: ["ssh2"],
      banner: {
        js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);',
      },
    }),
  rolldown: async (input, dir) => {
    const bundle = await rolldown({
      input,
      platform: "node",
      external: ["ssh2"],
      resolve: { mainFields: ["module", "main"] },
      logLevel: "silent",
    });
    await bundle.write({ dir, entryFileNames: "[name].js" });
  },
};

test.each(Object.keys(bundlers))("a program bundled by %s works where ssh2 alone is installed", async (name) => {
  // Beside the tests, so that the bundler finds the package.
  const source = join(import.meta.dirname, `bundled-${name}.mjs`);
  const target = join(directory, name);
  await mkdir(target);
  await writeFile(join(target, "package.json"), '{ "type": "module" }');
  await mkdir(join(target, "node_modules"));
  await symlink(installed, join(target, "node_modules/ssh2"));
  await writeFile(source, program);
  try {
    await bundlers[name]?.({ program: source, "digest-worker": worker }, target);
  } finally {
    await rm(source);
  }
  const { stdout } = await execute(process.execPath, [join(target, "program.js"), repo.root], { cwd: directory });
  expect(stdout).toBe("64 by ssh true\n");
});
