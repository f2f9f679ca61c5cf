import { type Document, isCollection, isMap, isNode, parseDocument } from "yaml";
import type { KeyPath, Numbers, ParsedText } from "./parsed-text.js";
import { lineAt, SyntaxProblem } from "./syntax-problem.js";

/** Parses YAML 1.2. */
export function parseYaml(text: string, numbers: Numbers = "plain"): ParsedText {
  const intAsBigInt = numbers === "exact";
  const document = parseDocument(text, { prettyErrors: false, intAsBigInt, logLevel: "silent" });
  const [problem] = document.errors;
  // The message may quote the file; the code never does.
  if (problem) {
    throw new SyntaxProblem(problem.code.toLowerCase().replaceAll("_", " "), lineAt(text, problem.pos[0]));
  }
  return { data: toData(document), lineOf: (path) => lineAt(text, offsetOf(document, path)) };
}

function toData(document: Document): unknown {
  try {
    return document.toJS();
  } catch {
    throw new SyntaxProblem("an alias that names nothing, or too many aliases", 1);
  }
}

function offsetOf(document: Document, path: KeyPath): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const step of path) {
    if (!isCollection(node)) break;
    const key = isMap(node) ? node.items.find((pair) => String(pair.key) === String(step))?.key : undefined;
    node = node.get(typeof step === "symbol" ? String(step) : step, true);
    offset = startOf(key) ?? startOf(node) ?? offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
