// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import fc from "fast-check";
import { expect, test } from "vitest";
import { dotenvVariables, evaluateDotenv, fixDotenv, parseDotenv } from "./dotenv.js";

const environment: Readonly<Record<string, string>> = { HOME: "/home/u", BARE: "b" };
const lookup = (name: string) => environment[name];
const evaluate = (text: string, format?: "raw") =>
  Object.fromEntries(evaluateDotenv(parseDotenv(text, format), lookup));

// As `docker compose config` reads them (2.26).
test.each<[string, Record<string, string>]>([
  ["A=1\nB = 2\nC: 3\nexport D=4", { A: "1", B: "2", C: "3", D: "4" }],
  ["\ufeffA=1\r\n# c\n\n  B=2 # c\nC=a#b", { A: "1", B: "2", C: "a#b" }],
  ["A=\nB=''\nC=\"\"", { A: "", B: "", C: "" }],
  ["BARE\nNONE\nA=1", { BARE: "b", A: "1" }],
  ["A='$HOME \\n' # c\nB=\"$HOME\\n\\tx\"", { A: "$HOME \\n", B: "/home/u\n\tx" }],
  ['A=\'it\\\'s\'\nB="say \\"hi\\""', { A: "it's", B: 'say "hi"' }],
  ["A=\"two\nlines\"\nB='two\nlines'", { A: "two\nlines", B: "two\nlines" }],
  ["A=1\nB=${A}2\nA=3", { A: "3", B: "12" }],
  ["HOME=/other\nA=$HOME", { HOME: "/other", A: "/home/u" }],
  ['A="\\$HOME \\\\ \\041 \\q"', { A: "$HOME \\ \\41 \\q" }],
  ['A="\\0101\\0999"', { A: "A\\999" }],
  ['A="\\0|\\08|\\0377|\\0400|\\01011"', { A: "\\|\\8|ÿ|\\400|A1" }],
  ["a.b-c[0]=1", { "a.b-c[0]": "1" }],
])("%j is read as Compose reads it", (text, values) => {
  expect(evaluate(text)).toEqual(values);
});

test("raw values are taken as they are", () => {
  expect(evaluate("A='$HOME' # c\nB=\"x\nC\n", "raw")).toEqual({ A: "'$HOME' # c", B: '"x' });
});

test.each([
  ["A=1\nB!=2", 2, undefined],
  ["\n\nA='x", 3, undefined],
  ['A="x', 1, undefined],
  ["A=1\nB=${", 2, undefined],
  ["A=1\nB=${C:?needed}", 2, "C"],
])("%j is refused at its line", (text, line, variable) => {
  expect(() => evaluate(text)).toThrow(expect.objectContaining({ line, variable }));
});

test("the variables of a file are those that its values are made of, and its bare names", () => {
  expect(dotenvVariables(parseDotenv("A=$B\nC\nD='$E'\nF=${G:-$H}"))).toEqual(["B", "C", "G", "H"]);
});

const fix = (text: string, fixed: readonly string[], wanted: (name: string) => boolean = () => true) =>
  fixDotenv(parseDotenv(text), { lookup, isFixed: (name) => fixed.includes(name), isWanted: wanted });

test("only values with a variable that is written out change, and all around them stays", () => {
  expect(fix("# c\nexport A = $HOME/x # d\nB=$BARE\nC='$HOME'\nBARE\n", ["HOME"])).toBe(
    "# c\nexport A = \"/home/u/x\"\nB=$BARE\nC='$HOME'\nBARE\n",
  );
  expect(fix("BARE\nNONE\nA=1\n", ["BARE", "NONE"])).toBe('BARE="b"\nNONE_NOT_SET_FOR_OTTO\nA=1\n');
  expect(fix("A=$HOME\nB=$HOME\n", ["HOME"], (name) => name === "B")).toBe('A=""\nB="/home/u"\n');
});

test("a variable that was set in the file before is written out with that value", () => {
  expect(fix("A=1\nB=${A}-$HOME", ["A"])).toBe('A=1\nB="1-$HOME"');
});

test("what is written out is read as what it was, whatever the value holds", () => {
  const unit = fc.constantFrom("a", "$", "{", "}", "\\", '"', "'", "\n", "#", " ", "n", "`", "é");
  fc.assert(
    fc.property(fc.string({ unit }), fc.boolean(), (value, isBare) => {
      const known = (name: string) => (name === "X" ? value : undefined);
      const text = fixDotenv(parseDotenv(isBare ? "X" : "A=<${X}>"), {
        lookup: known,
        isFixed: () => true,
        isWanted: () => true,
      });
      const read = evaluateDotenv(parseDotenv(text), () => undefined);
      expect(Object.fromEntries(read)).toEqual(isBare ? { X: value } : { A: `<${value}>` });
    }),
  );
});
