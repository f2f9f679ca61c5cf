import { expect, test } from "vitest";
import { parseCommit, readCommit } from "./checkout.js";

const commit = "0123456789abcdef0123456789abcdef01234567";
const head = `# branch.oid ${commit}\n# branch.head main\n# branch.ab +0 -0\n`;

test.each([
  ["a clean checkout", head, commit],
  ["a file that differs", `${head}1 .M N... 100644 100644 100644 ${commit} ${commit} a.txt\n`, `${commit}-dirty`],
  ["a repository without a commit", "# branch.oid (initial)\n# branch.head main\n", undefined],
  ["no answer", "", undefined],
])("the commit of %s", (_what, status, expected) => {
  expect(parseCommit(status)).toBe(expected);
});

test("what is no checkout, and a directory that is not there, have no commit", async () => {
  expect(await readCommit("/", process.env)).toBeUndefined();
  expect(await readCommit("/nowhere", process.env)).toBeUndefined();
  expect(await readCommit("/", { PATH: "/nowhere" })).toBeUndefined();
});
