import { OttoError } from "@otto/errors";
import { z } from "zod";
import { faultCodes } from "./fault-codes.js";
import type { KeyPath } from "./parsed-text.js";
import { describeIssue, formatKeyPath, type Problem } from "./problem.js";
import type { SourceDocument } from "./source-document.js";

/**
 * The document's data as the schema gives it. The error names the first fault by file, line and key path, and holds all
 * of them in its `details`.
 *
 * @throws `<area>_UNKNOWN_KEY` when the first fault is an unknown key, else `<area>_INVALID`
 */
export function validateDocument<Schema extends z.ZodType>(schema: Schema, document: SourceDocument): z.output<Schema> {
  const result = schema.safeParse(document.data);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) =>
    describeIssue(issue, valueAt(document.data, issue.path), (path) => keysAt(schema, path)),
  );
  throw faultError(document, problems);
}

/** An error for one fault that a schema cannot express. */
export function documentError(document: SourceDocument, path: KeyPath, text: string): OttoError {
  return faultError(document, [{ path, text, unknownKey: false }]);
}

/** `file:12: docker.images[0].name`, the line where it is known. */
export function formatPlace(document: SourceDocument, path: KeyPath): string {
  const line = document.lineOf(path);
  const key = formatKeyPath(path);
  return `${document.file}${line === undefined ? "" : `:${line}`}${key === "" ? "" : `: ${key}`}`;
}

function faultError(document: SourceDocument, problems: readonly Problem[]): OttoError {
  // A key that is misspelled is often the one that is missing.
  const sorted = problems.toSorted((a, b) => Number(b.unknownKey) - Number(a.unknownKey));
  const texts = sorted.map((problem) => `${formatPlace(document, problem.path)}: ${problem.text}`);
  const [first] = sorted;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  return new OttoError(
    faultCodes[document.area][first?.unknownKey ? "unknownKey" : "invalid"],
    `reading ${texts[0]}${more}`,
    { hint: first?.hint ?? `Correct ${document.file}.`, details: { file: document.file, problems: texts } },
  );
}

function valueAt(data: unknown, path: KeyPath): unknown {
  let value = data;
  for (const step of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[step];
  return value;
}

function keysAt(schema: z.core.$ZodType, path: KeyPath): readonly string[] {
  let current: z.core.$ZodType | undefined = unwrap(schema);
  for (const step of path) current = unwrap(childOf(current, step));
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

function childOf(schema: z.core.$ZodType | undefined, step: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodObject) return (schema.shape as Record<PropertyKey, z.core.$ZodType>)[step];
  return undefined;
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return unwrap(schema.unwrap());
  return schema;
}
