import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { listPackages } from "@otto/docs";
import { globSync } from "tinyglobby";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listPages } from "./pages.js";

const execute = promisify(execFile);
const root = resolve(import.meta.dirname, "../../..");
const packages = listPackages(root);

/** The strictest that a user may have. */
const compilerOptions = {
  target: "ES2022",
  lib: ["ES2023", "ESNext.Disposable"],
  module: "NodeNext",
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  types: ["node"],
  // What the packages declare is checked with each README in tooling/pack.
  skipLibCheck: true,
  noEmit: true,
};

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "otto-types-"));
  await linkModules();
  await writeFile(join(scratch, "package.json"), '{ "type": "module" }');
});
afterAll(() => rm(scratch, { recursive: true }));

/** What a user would have installed. */
async function linkModules(): Promise<void> {
  const links = [
    ...packages.map(({ name, directory }) => [name, directory] as const),
    ["@otto/lab", join(root, "tooling/lab")] as const,
    ["vitest", join(import.meta.dirname, "../node_modules/vitest")] as const,
    ["@types/node", join(root, "node_modules/@types/node")] as const,
  ];
  for (const [name, target] of links) {
    await mkdir(dirname(join(scratch, "node_modules", name)), { recursive: true });
    await symlink(target, join(scratch, "node_modules", name));
  }
}

/** Compiles files of a folder at once. @returns what the compiler says, a fault each */
async function compile(folder: string, files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(scratch, folder, path)), { recursive: true });
    await writeFile(join(scratch, folder, path), text);
  }
  const config = { compilerOptions, include: ["**/*.ts", "**/.otto/*.ts"] };
  await writeFile(join(scratch, folder, "tsconfig.json"), JSON.stringify(config));
  const argv = ["--project", join(scratch, folder), "--pretty", "false"];
  const said = await execute(join(root, "node_modules/.bin/tsc"), argv, { cwd: join(scratch, folder) }).then(
    () => "",
    (error: Error & { stdout?: string }) => error.stdout ?? error.message,
  );
  return said === "" ? [] : said.trimEnd().split(/\n(?=\S)/);
}

/** The blocks in TypeScript of all pages, by the page and line where each stands. */
async function readBlocks(): Promise<Readonly<Record<string, string>>> {
  const blocks: Record<string, string> = {};
  for (const page of listPages(root)) {
    const text = await readFile(join(root, page), "utf8");
    for (const { 1: code = "", index } of text.matchAll(/^```(?:ts|typescript)(?: [^\n]*)?\n(.*?)^```$/gms)) {
      const line = text.slice(0, index).split("\n").length;
      blocks[join(page, `line-${line}.ts`)] = code;
    }
  }
  return blocks;
}

test("every example in TypeScript of the documentation compiles under the strictest settings", async () => {
  const blocks = await readBlocks();
  expect(Object.keys(blocks).length).toBeGreaterThan(25);
  expect(await compile("pages", blocks)).toEqual([]);
});

test("so do the files of examples/", async () => {
  const paths = globSync("**/*.ts", { cwd: join(root, "examples"), dot: true, ignore: ["**/node_modules/**"] });
  expect(paths.length).toBeGreaterThan(4);
  const texts = paths.map(async (path) => [path, await readFile(join(root, "examples", path), "utf8")] as const);
  expect(await compile("examples", Object.fromEntries(await Promise.all(texts)))).toEqual([]);
});

test("hosts are typed by the services that are named, and by nothing else", async () => {
  const use = (options: string, body: string) => `import { composed, openLab } from "@otto/docker";
await using lab = await openLab();
await using stack = await composed(lab.repo(), lab${options});
${body}
`;
  const faults = await compile("typed", {
    "named.ts": use(', { services: ["api"] }', 'await stack.hosts.api.exec("true");'),
    "other.ts": use(', { services: ["api"] }', 'await stack.hosts.web.exec("true");'),
    "unnamed.ts": use("", 'await stack.hosts.api.exec("true");'),
  });
  expect(faults.map((fault) => /^(\w+)\.ts.*(TS\d+)/.exec(fault)?.slice(1))).toEqual([
    ["other", "TS2339"],
    ["unnamed", "TS18048"],
  ]);
});

test("each option that a caller gives may be undefined, as if it were absent", async () => {
  const types = packages.map((it) => ({ name: it.name, options: optionTypesOf(it) }));
  expect(types.flatMap(({ options }) => options).length).toBeGreaterThan(60);
  const checks = types.map(({ name, options }) => [`${name}.ts`, formatCheck(name, options)]);
  expect(await compile("undefined", Object.fromEntries(checks))).toEqual([]);
});

// Data that otto gives holds no undefined; maps of the caller's own have no names to check.
const notGiven = new Set(["SshOptions", "GivenOptions", "InstructionOptions"]);

/** The types of options among a package's exports. */
function optionTypesOf({ directory }: (typeof packages)[number]): readonly string[] {
  const index = readFileSync(join(directory, "src/index.ts"), "utf8");
  const names = [...index.matchAll(/\b\w+(?:Options|Environment|Filter|Definition)\b/g)].map(([name]) => name);
  return [...new Set(names)].filter((name) => !notGiven.has(name));
}

/** Code that compiles when no optional member of these types refuses undefined; a fault names those that do. */
function formatCheck(name: string, types: readonly string[]): string {
  const lines = types.map((type) => `export const of${type}: Refusing<its.${type}> = "none";`);
  return `import type * as its from "${name}";
type OptionalKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];
type Refused<T> = T extends unknown
  ? { [K in OptionalKeys<T>]: undefined extends Required<T>[K] ? never : K }[OptionalKeys<T>]
  : never;
type Refusing<T> = [Refused<T>] extends [never] ? "none" : Refused<T>;
${lines.join("\n")}
`;
}
