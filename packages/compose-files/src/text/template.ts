/** A text with variables in it, as Compose writes them. */
export type Template = readonly TemplatePart[];

export type TemplatePart = string | Variable;

export interface Variable {
  readonly name: string;
  /** As it was written, to be put back unchanged. */
  readonly source: string;
  readonly operator: Operator | undefined;
  /** What stands behind the operator. */
  readonly operand: Template;
}

export type Operator = ":-" | "-" | ":?" | "?" | ":+" | "+";

export type Lookup = (name: string) => string | undefined;

export interface Interpolated {
  readonly value: string;
  /** Variables without a value where the text gives no other. */
  readonly unset: readonly string[];
}

/** Thrown inside the package: the caller knows the place, and makes the {@link OttoError} of it. */
export class TemplateError extends Error {
  /** Set when a required variable has no value. */
  readonly variable: string | undefined;

  constructor(message: string, variable?: string) {
    super(message);
    this.variable = variable;
  }
}

const name = /^[a-z_][a-z0-9_]*/i;
const invalid = "invalid interpolation format; a dollar itself is written $$";
const operators: readonly Operator[] = [":-", ":?", ":+", "-", "?", "+"];

/**
 * Parses `$X`, `${X}`, `${X:-default}` and the like, nested too; `$$` is a dollar.
 *
 * @throws TemplateError where Compose finds no variable behind `${`.
 * @see https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
 */
export function parseTemplate(text: string): Template {
  const parts: TemplatePart[] = [];
  let position = 0;
  while (position < text.length) {
    const dollar = text.indexOf("$", position);
    if (dollar < 0) break;
    if (dollar > position) parts.push(text.slice(position, dollar));
    const [part, end] = parsePart(text, dollar);
    parts.push(part);
    position = end;
  }
  if (position < text.length) parts.push(text.slice(position));
  return parts;
}

function parsePart(text: string, dollar: number): [TemplatePart, number] {
  const next = text[dollar + 1];
  if (next === "$") return ["$", dollar + 2];
  if (next === "{") return parseBraced(text, dollar);
  const named = name.exec(text.slice(dollar + 1))?.[0];
  if (named === undefined) return ["$", dollar + 1];
  const end = dollar + 1 + named.length;
  return [{ name: named, source: text.slice(dollar, end), operator: undefined, operand: [] }, end];
}

function parseBraced(text: string, dollar: number): [Variable, number] {
  const end = closingBrace(text, dollar + 1);
  const inner = text.slice(dollar + 2, end);
  const named = end < 0 ? undefined : name.exec(inner)?.[0];
  if (named === undefined) throw new TemplateError(invalid);
  const rest = inner.slice(named.length);
  const operator = operators.find((candidate) => rest.startsWith(candidate));
  if (operator === undefined && rest !== "") throw new TemplateError(invalid);
  const operand = parseTemplate(rest.slice(operator?.length ?? 0));
  return [{ name: named, source: text.slice(dollar, end + 1), operator, operand }, end + 1];
}

/** As Compose counts: what follows an opening brace is not looked at, and where none closes it the last one does. */
function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "{") {
      depth++;
      i++;
    } else if (text[i] === "}") depth--;
    if (depth === 0) return i;
  }
  const last = text.lastIndexOf("}");
  return last > open ? last : -1;
}

/**
 * The text with its variables replaced.
 *
 * @throws TemplateError where a required variable has no value.
 */
export function interpolate(template: Template, lookup: Lookup): Interpolated {
  const unset: string[] = [];
  const value = template.map((part) => (typeof part === "string" ? part : variableValue(part, lookup, unset))).join("");
  return { value, unset };
}

function variableValue(variable: Variable, lookup: Lookup, unset: string[]): string {
  const value = lookup(variable.name);
  const { operator } = variable;
  if (operator === undefined) {
    if (value === undefined) unset.push(variable.name);
    return value ?? "";
  }
  const present = value !== undefined && !(operator.startsWith(":") && value === "");
  const operand = () => {
    const inner = interpolate(variable.operand, lookup);
    unset.push(...inner.unset);
    return inner.value;
  };
  if (operator.endsWith("+")) return present ? operand() : (value ?? "");
  if (present) return value;
  if (operator.endsWith("-")) return operand();
  throw new TemplateError(requiredMessage(variable.name, operand()), variable.name);
}

function requiredMessage(variable: string, reason: string): string {
  return `required variable ${variable} has no value${reason === "" ? "" : `: ${reason}`}`;
}

/** The names of all variables in it, those inside operands too. */
export function variableNames(template: Template): string[] {
  return template.flatMap((part) => (typeof part === "string" ? [] : [part.name, ...variableNames(part.operand)]));
}

/** Whether it may refuse to be interpolated. */
export function hasRequiredVariable(template: Template): boolean {
  return template.some((part) => {
    return typeof part !== "string" && (part.operator?.endsWith("?") === true || hasRequiredVariable(part.operand));
  });
}

/** The template as text, with those variables written out for which `isFixed` says so. */
export function formatTemplate(template: Template, lookup: Lookup, isFixed: (name: string) => boolean): string {
  return template
    .map((part) => {
      if (typeof part === "string") return escapeDollars(part);
      if (!variableNames([part]).some(isFixed)) return part.source;
      return escapeDollars(interpolate([part], lookup).value);
    })
    .join("");
}

/** The text such that Compose's interpolation gives it back. */
export function escapeDollars(text: string): string {
  return text.replaceAll("$", "$$$$");
}
