import { parse, TomlError } from "smol-toml";
import type { Numbers, ParsedText } from "./parsed-text.js";
import { SyntaxProblem } from "./syntax-problem.js";

/** Parses TOML. */
export function parseToml(text: string, numbers: Numbers = "plain"): ParsedText {
  try {
    return { data: parse(text, { integersAsBigInt: numbers === "exact" }), lineOf: () => undefined };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The further lines of the message quote the file.
    const reason = (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
    throw new SyntaxProblem(reason, error.line);
  }
}
