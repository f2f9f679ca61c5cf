import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadRepo } from "@otto/docker";
import { afterEach, beforeEach, expect, test } from "vitest";
import { discoverInstructions, findInstruction } from "./discovery.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "otto-instructions-"));
});
afterEach(() => rm(root, { recursive: true }));

/** A repo of these files that lies nowhere near a node_modules. */
async function repoWith(files: Readonly<Record<string, string>>, name = "shop", settings = "") {
  const directory = join(root, name);
  const all = { ".otto/settings.toml": `name = "${name}"\nversion = "1"\n${settings}`, ...files };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text);
  }
  return loadRepo(directory, { home: root });
}

const smoke = (description = "a smoke test") =>
  `import { instruction } from "@otto/instructions";\nexport const smoke = instruction({ description: "${description}" }, () => {});\n`;

test("without a glob they come from .otto/instructions.ts, and types do not matter", async () => {
  const repo = await repoWith({
    ".otto/instructions.ts": `${smoke()}const wrong: number = "text";\nexport { wrong };\n`,
  });
  const found = await discoverInstructions([repo]);
  expect(found).toMatchObject([
    { name: "smoke", repo: { name: "shop" }, instruction: { description: "a smoke test" } },
  ]);
  expect(found[0]?.file).toBe(join(repo.root, ".otto/instructions.ts"));
});

test("a repo without such a file has none", async () => {
  expect(await discoverInstructions([await repoWith({})])).toEqual([]);
});

test("globs choose modules, TypeScript and JavaScript; a default export goes by its file's name", async () => {
  const repo = await repoWith(
    {
      "otto/a.ts": smoke(),
      "otto/deep/deploy.mjs":
        'import { instruction } from "@otto/instructions";\nexport default instruction({ description: "x" }, () => {});\n',
      "otto/node_modules/b.ts": smoke(),
      "other/c.ts": smoke(),
    },
    "shop",
    'instructions = ["otto/**/*.ts", "otto/**/*.mjs", "otto/a.ts"]\n',
  );
  expect((await discoverInstructions([repo])).map(({ name }) => name)).toEqual(["smoke", "deploy"]);
});

test("one that a second module exports again is one", async () => {
  const again = 'export { smoke } from "./a.js";\n';
  const repo = await repoWith({ "otto/a.ts": smoke(), "otto/b.ts": again }, "shop", 'instructions = ["otto/*.ts"]\n');
  expect(await discoverInstructions([repo])).toHaveLength(1);
});

test("two of one name are an error naming both files, within a repo and across repos", async () => {
  const one = await repoWith({ "otto/a.ts": smoke(), "otto/b.ts": smoke() }, "one", 'instructions = ["otto/*.ts"]\n');
  const two = await repoWith({ ".otto/instructions.ts": smoke() }, "two");
  const files = ["otto/a.ts", "otto/b.ts"].map((file) => join(one.root, file));
  const find = async (repos: Parameters<typeof discoverInstructions>[0], name: string) =>
    findInstruction(await discoverInstructions(repos), name);
  await expect(find([one], "smoke")).rejects.toMatchObject({ code: "INSTRUCTION_NAME_CLASH", details: { files } });
  const fire = 'export const fire = instruction({ description: "x" }, () => {});\n';
  const three = await repoWith({ ".otto/instructions.ts": smoke() + fire }, "three");
  const clash = await find([two, three], "smoke").catch((error: Error) => error.message);
  expect(clash).toContain(two.root);
  expect(clash).toContain(three.root);
  expect(await find([two, three], "fire")).toMatchObject({ repo: { name: "three" } });
  expect(await discoverInstructions([two, three])).toHaveLength(3);
});

test.each([
  ["a module that is not there", 'import "./nope.js";\n', 2, "cannot find ./nope.js"],
  ["a package that is not there", 'import nope from "nope";\nexport const x = nope;\n', 2, "cannot find nope"],
  ["what cannot be parsed", "export const = 4;\n", 2, "Unexpected token"],
  ["a decorator", "const log = () => {};\nclass A {\n  @log b() {}\n}\n", 4, "decorators are not supported"],
  ["an accessor", "class A {\n  accessor b = 1;\n}\n", 3, "Support for the experimental syntax"],
  ["what throws", "interface A {\n  b: string }\nthrow new Error('not today');\n", 4, "not today"],
  [
    "a wrong definition",
    'import { instruction } from "@otto/instructions";\nexport const a = instruction({ description: "", options: { "a-b": { type: "string" } } }, () => {});\n',
    3,
    "the option name a-b is not in camel case",
  ],
])("%s is an error with file and line", async (_, text, line, reason) => {
  const repo = await repoWith({ ".otto/instructions.ts": `// The first line.\n${text}` });
  const file = join(repo.root, ".otto/instructions.ts");
  const error = await discoverInstructions([repo]).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ code: "INSTRUCTION_IMPORT_FAILED", details: { file, line } });
  expect((error as Error).message).toMatch(`loading ${file}:${line}: ${reason}`);
});

test("an error in a module that an instruction imports names that module", async () => {
  const repo = await repoWith({ ".otto/instructions.ts": 'import "../lib/b.ts";\n', "lib/b.ts": "\n\nnope();\n" });
  await expect(discoverInstructions([repo])).rejects.toMatchObject({
    details: { file: join(repo.root, "lib/b.ts"), line: 3 },
  });
});

test("a repo that is reached by a link has lines, too", async () => {
  const repo = await repoWith({ ".otto/instructions.ts": "\nnope();\n" });
  await symlink(repo.root, join(root, "link"));
  const linked = await loadRepo(join(root, "link"), { home: root });
  await expect(discoverInstructions([linked])).rejects.toMatchObject({ details: { line: 2 } });
});

test("an unknown name is answered with the nearest and with all", async () => {
  const found = await discoverInstructions([await repoWith({ ".otto/instructions.ts": smoke() })]);
  expect(() => findInstruction(found, "smoek")).toThrow(
    expect.objectContaining({ code: "INSTRUCTION_UNKNOWN", hint: 'Did you mean "smoke"? Known instructions: smoke.' }),
  );
});

test.each([
  ["an absolute pattern", '["/**/*.ts"]'],
  ["a pattern that climbs", '["../other/*.ts"]'],
  ["a pattern that climbs further on", '["otto/../../other/*.ts"]'],
  ["a file that is a link", '["otto/link.ts"]'],
])("%s that leads out of the repo is refused, and nothing out there runs", async (_what, patterns) => {
  await repoWith({ "marks.ts": 'throw new Error("has run");\n' }, "other");
  const repo = await repoWith({ "otto/a.ts": smoke() }, "shop", `instructions = ${patterns}\n`);
  await symlink("../../other/marks.ts", join(repo.root, "otto/link.ts"));
  await expect(discoverInstructions([repo])).rejects.toMatchObject({ code: "INSTRUCTION_OUTSIDE_REPO" });
});

test("a glob enters no directory through a link", async () => {
  await repoWith({ "marks.ts": 'throw new Error("has run");\n' }, "other");
  const repo = await repoWith({ "otto/a.ts": smoke() }, "shop", 'instructions = ["**/*.ts"]\n');
  await symlink("../../other", join(repo.root, "otto/away"));
  await symlink("/", join(repo.root, "otto/root"));
  expect((await discoverInstructions([repo])).map(({ name }) => name)).toEqual(["smoke"]);
});
