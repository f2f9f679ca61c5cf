import { expect, test } from "vitest";
import { findSpecifier, readImportError } from "./module-location.js";

const thrown = (message: string, frames: readonly string[] = []) =>
  Object.assign(new Error(message), { stack: [`Error: ${message}`, ...frames.map((at) => `    at ${at}`)].join("\n") });

// As jiti 2.7.0 and Node 20.20.2 gave them.
test.each([
  [
    thrown("Cannot find module './no-such.js'\nRequire stack:\n- /r/a.ts"),
    { reason: "cannot find ./no-such.js", missing: { specifier: "./no-such.js", file: "/r/a.ts" } },
  ],
  [
    thrown("Cannot find package 'left-pad' imported from /r/lib/b.mjs"),
    { reason: "cannot find left-pad", missing: { specifier: "left-pad", file: "/r/lib/b.mjs" } },
  ],
  [
    thrown("ParseError: Unexpected token  \n /r/syn.ts:3:17"),
    { reason: "Unexpected token", at: { file: "/r/syn.ts", line: 3 } },
  ],
  [
    thrown(
      "ParseError: Support for the syntax 'x' isn't enabled (3:9):\n\n\nYou can re-run Babel:\n\tnpx babel\nSee https://babeljs.io/docs for more.\n \n /r/syn.ts:3:8",
    ),
    { reason: "Support for the syntax 'x' isn't enabled", at: { file: "/r/syn.ts", line: 3 } },
  ],
  [
    thrown("Cannot read properties of undefined (reading 'x')", [
      "instruction (file:///opt/otto/dist/instruction.js:12:3)",
      "f (/r/node_modules/lib/index.js:1:1)",
      "/radio/other.ts:3:1",
      "/r/thr.ts:7:25",
      "eval_evalModule (/opt/jiti/dist/jiti.cjs:1:184467)",
    ]),
    { reason: "Cannot read properties of undefined (reading 'x')", at: { file: "/r/thr.ts", line: 7 } },
  ],
  [thrown("odd"), { reason: "odd" }],
  ["no error at all", { reason: "no error at all" }],
])("%s", (error, expected) => {
  expect(readImportError(error, ["/r"])).toEqual(expected);
});

test("an import is found by the quoted name alone", () => {
  const source = `// about yaml\nimport a from "yaml/util";\nimport b from 'yaml';\n`;
  expect(findSpecifier(source, "yaml")).toBe(3);
  expect(findSpecifier(source, "toml")).toBeUndefined();
});
