import { findNodeAtLocation, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import type { KeyPath, ParsedText } from "./parsed-text.js";
import { lineAt, SyntaxProblem } from "./syntax-problem.js";

type Tree = NonNullable<ReturnType<typeof parseTree>>;

/** Parses JSON, without comments or trailing commas. */
export function parseJson(text: string): ParsedText {
  const problems: ParseError[] = [];
  const tree = readTree(text, problems);
  const [problem] = problems;
  if (problem || !tree) throw problemOf(text, problem);
  return { data: JSON.parse(text), lineOf: (path) => lineAt(text, offsetOf(tree, path)) };
}

function readTree(text: string, problems: ParseError[]): Tree | undefined {
  try {
    return parseTree(text, problems, { disallowComments: true, allowTrailingComma: false });
  } catch (error) {
    // The parser calls itself for each level.
    if (!(error instanceof RangeError)) throw error;
    throw new SyntaxProblem("nested too deeply", 1);
  }
}

function problemOf(text: string, problem: ParseError | undefined): SyntaxProblem {
  if (!problem) return new SyntaxProblem("the file is empty", 1);
  const words = printParseErrorCode(problem.error).replaceAll(/(?!^)([A-Z])/g, " $1");
  return new SyntaxProblem(words.toLowerCase(), lineAt(text, problem.offset));
}

function offsetOf(tree: Tree, path: KeyPath): number {
  for (let length = path.length; length > 0; length--) {
    const steps = path.slice(0, length).map((step) => (typeof step === "number" ? step : String(step)));
    const node = findNodeAtLocation(tree, steps);
    if (node) return node.parent?.type === "property" ? node.parent.offset : node.offset;
  }
  return tree.offset;
}
