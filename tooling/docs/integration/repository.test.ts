import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";

const root = resolve(import.meta.dirname, "../../..");
const readYaml = (path: string) => parse(readFileSync(join(root, path), "utf8"));

const whatPeopleLookFor = [
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "CODE_OF_CONDUCT.md",
  "SECURITY.md",
  "llms.txt",
  ".editorconfig",
  ".github/pull_request_template.md",
  ".github/workflows/pull-request.yml",
  "setup-otto/action.yml",
  "setup-otto/otto.gitlab-ci.yml",
];

test("what people look for in a repository is where they look", () => {
  expect(whatPeopleLookFor.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

interface Field {
  readonly type: string;
  readonly id?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

test("each form for issues is one that GitHub can show", () => {
  const directory = ".github/ISSUE_TEMPLATE";
  const files = readdirSync(join(root, directory)).filter((file) => file !== "config.yml");
  expect(files.length).toBeGreaterThan(1);
  for (const file of files) {
    const form = readYaml(join(directory, file)) as { name: string; description: string; body: readonly Field[] };
    expect([form.name, form.description].every((text) => text.length > 10)).toBe(true);
    const inputs = form.body.filter(({ type }) => type !== "markdown");
    expect(inputs.filter(({ type }) => !["input", "textarea", "dropdown", "checkboxes"].includes(type))).toEqual([]);
    expect(inputs.filter(({ attributes }) => typeof attributes.label !== "string")).toEqual([]);
    const ids = inputs.map(({ id }) => id);
    expect([...new Set(ids)]).toEqual(ids);
    expect(ids.filter((id) => !/^[\w-]+$/.test(id ?? ""))).toEqual([]);
  }
});

const workspace = readYaml("pnpm-workspace.yaml");

test("a version is a week old before it is proposed or installed, and an install runs nothing unasked", () => {
  const { updates } = readYaml(".github/dependabot.yml") as {
    updates: { "package-ecosystem": string; cooldown?: { "default-days": number } }[];
  };
  expect(updates.map((update) => update["package-ecosystem"])).toEqual(["npm", "github-actions"]);
  expect(updates.map(({ cooldown }) => cooldown?.["default-days"])).toEqual([7, 7]);
  expect(workspace).toMatchObject({
    minimumReleaseAge: 7 * 24 * 60,
    trustPolicy: "no-downgrade",
    blockExoticSubdeps: true,
    strictDepBuilds: true,
    onlyBuiltDependencies: ["ssh2", "cpu-features"],
  });
});

test("libraries whose internals are used are taken with their fixes alone", () => {
  expect(workspace.catalog).toMatchObject({ ssh2: "~1.17.0", dockerode: "~5.0.1" });
});
