import { nearestWord } from "@otto/errors";
import type { z } from "zod";
import type { KeyPath } from "./parsed-text.js";

type Issue = z.core.$ZodIssue;

/** One fault of a document, in words. */
export interface Problem {
  readonly path: KeyPath;
  readonly text: string;
  readonly unknownKey: boolean;
  readonly hint?: string;
}

/** The faults that a failed validation found; `keysAt` gives the known keys of an object. */
export function describeIssue(issue: Issue, value: unknown, keysAt: (path: KeyPath) => readonly string[]): Problem[] {
  if (issue.code !== "unrecognized_keys") {
    return [{ path: issue.path, text: textOf(issue, value), unknownKey: false }];
  }
  const known = keysAt(issue.path);
  return issue.keys.map((key) => unknownKey([...issue.path, key], key, known));
}

/** `docker.images[0].name`; a key with other signs is quoted. */
export function formatKeyPath(path: KeyPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += `${text === "" ? "" : "."}${formatKey(String(step))}`;
  }
  return text;
}

function formatKey(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}

function unknownKey(path: KeyPath, key: string, known: readonly string[]): Problem {
  const near = nearestWord(key, known);
  const hint = near === undefined ? `Known keys: ${known.join(", ")}.` : `Did you mean "${near}"?`;
  return { path, text: "unknown key", unknownKey: true, hint };
}

function textOf(issue: Issue, value: unknown): string {
  if (issue.code === "invalid_type") return mismatch([issue.expected], value);
  if (issue.code === "invalid_union") return mismatch(issue.errors.flat().flatMap(expectedOf), value);
  if (issue.code === "invalid_value") return `must be ${issue.values.map((v) => JSON.stringify(v)).join(" or ")}`;
  return issue.message;
}

function expectedOf(issue: Issue): string[] {
  return issue.code === "invalid_type" ? [issue.expected] : [];
}

function mismatch(expected: readonly string[], value: unknown): string {
  const wanted = [...new Set(expected.map(nameOf))].join(" or ");
  if (value === undefined) return `is required (${wanted})`;
  return `must be ${wanted}, is ${nameOf(kindOf(value))}`;
}

const names: Readonly<Record<string, string>> = {
  array: "a list",
  bigint: "a whole number",
  int: "a whole number",
  boolean: "true or false",
  date: "a date",
  null: "empty",
  number: "a number",
  object: "a table",
  record: "a table",
  string: "a string",
};

function nameOf(kind: string): string {
  return names[kind] ?? kind;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return value instanceof Date ? "date" : typeof value;
}
