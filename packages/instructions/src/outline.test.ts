import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadRepo } from "@otto/docker";
import { afterEach, beforeEach, expect, test } from "vitest";
import { discoverInstructions } from "./discovery.js";
import type { InstructionOption } from "./option.js";
import { outlineInstructions, readOutlines } from "./outline.js";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "otto-outline-"));
});
afterEach(() => rm(root, { recursive: true }));

async function repoWith(module: string) {
  const file = join(root, "otto/deploy.ts");
  await mkdir(dirname(file), { recursive: true });
  await mkdir(join(root, ".otto"));
  await writeFile(join(root, ".otto/settings.toml"), 'name = "shop"\nversion = "1"\ninstructions = ["otto/*.ts"]\n');
  await writeFile(file, `import { instruction } from "@otto/instructions";\n${module}`);
  return loadRepo(root, { home: root });
}

const module = `// export const old = instruction({ description: "gone" }, () => {});
const inner = instruction({ description: "not exported" }, () => {});
export const other = { description: "no instruction", options: { size: { type: "number" } } };
export const smoke = instruction(
  {
    description: "asks: 'are you well?'",
    options: {
      times: { type: "number", default: 1 },
      maxWait: {
        description: "how long",
        type: "string",
        choices: ["a", "b"],
      },
      fast: { type: "boolean" },
      stage: { choices: [
        'dev', // the first
        "it's so", "a\\"b",
      ], multiple: true, type: "string" },
      checks: { type: "boolean", default: true },
    },
  },
  async ({ options }) => {
    const shape = { body: { type: "string" } };
    return [inner, options, shape].length;
  },
);
async function named() {}
export const short = instruction({ description: "short" }, named);
export default instruction({ description: \`by its file\`, options: { dryIce: { type: "boolean" } } }, () => {});
`;

test("what a module shows is what it has when it is run", async () => {
  const repo = await repoWith(module);
  const outlines = await outlineInstructions([repo]);
  const found = await discoverInstructions([repo]);
  const expected = found.map(({ name, instruction: { description, options } }) => {
    return { name, description, options: Object.entries(options).map(outlineOption) };
  });
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  expect(expected).toHaveLength(3);
  expect(outlines.sort(byName)).toEqual(expected.sort(byName));
});

/** As the outline has it. */
function outlineOption([name, option]: [string, InstructionOption]) {
  const choices = (option.type === "string" && option.choices) || [];
  // No value with a backslash is read.
  const read = choices.filter((choice) => !choice.includes('"'));
  return { name, type: option.type, choices: read, isOn: option.type === "boolean" && option.default === true };
}

test("a module that cannot be parsed is read as far as it goes, and nothing of it is run", async () => {
  const repo = await repoWith(`throw new Error("run");\nexport const a = instruction({ description: "x" }, (\n`);
  expect(await outlineInstructions([repo])).toMatchObject([{ name: "a", description: "x", options: [] }]);
});

const line = (part: string, length = 200_000) => part.repeat(Math.ceil(length / part.length));

test.each([
  ["arguments without an end", `export const a = instruction(${line("x")}`],
  ["options that never close", `export const a = instruction({ options: ${line("a:{type:")}`],
  ["descriptions without an end", `export const a = instruction({ ${line("description: '")}`],
  [
    "choices without an end",
    `export const a = instruction({ o: { type: "string", ${line("choices: [")} } }, () => {})`,
  ],
  ["a long name", `export const ${line("a")} instruction(`],
  ["many exports", line("export const a = ", 500_000)],
  ["many lines of exports", line("export const a =\n", 500_000)],
  ["blanks", `export const a =${line(" ")}`],
  ["nothing of ours", line("x", 1_000_000)],
])("a hostile text is read in little time: %s", (_what, text) => {
  const startedAt = performance.now();
  readOutlines(text, "a.ts");
  // On the order of 10 ms; what grows with the square takes minutes.
  expect(performance.now() - startedAt).toBeLessThan(1500);
});
