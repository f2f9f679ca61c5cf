import { parseArgs } from "node:util";
import { errorMessage } from "./error-message.js";
import { type LinkName, linkNames } from "./link.js";

export interface BenchArguments {
  /** Empty: all. */
  readonly areas: readonly string[];
  readonly rounds: number;
  readonly json: string | undefined;
  readonly check: boolean;
  /** Another checkout to compare with. */
  readonly of: string | undefined;
  readonly links: readonly LinkName[];
  readonly scale: number;
  readonly services: readonly number[];
  /** Only rows whose name contains this text. */
  readonly rows: string | undefined;
  /** Rewrites the tables from the newest results and measures nothing. */
  readonly write: boolean;
}

export class UsageError extends Error {}

/** @throws UsageError for an unknown area, an unknown option or an invalid value */
export function parseArguments(words: readonly string[], areas: readonly string[]): BenchArguments {
  const { values, positionals } = parse(words);
  const unknown = positionals.find((name) => !areas.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no area "${unknown}"`);
  return {
    areas: positionals,
    rounds: readNumber("--rounds", values.rounds ?? "5", { whole: true }),
    json: values.json,
    check: values.check ?? false,
    of: values.of,
    links: values.links === undefined ? linkNames : values.links.split(",").map(readLink),
    scale: readNumber("--scale", values.scale ?? "1", { whole: false }),
    services: (values.services ?? "6,30").split(",").map((text) => readNumber("--services", text, { whole: true })),
    rows: values.rows,
    write: values.write ?? false,
  };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        json: { type: "string" },
        check: { type: "boolean" },
        rounds: { type: "string" },
        of: { type: "string" },
        links: { type: "string" },
        scale: { type: "string" },
        services: { type: "string" },
        rows: { type: "string" },
        write: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new UsageError(errorMessage(error));
  }
}

function readNumber(option: string, text: string, { whole }: { whole: boolean }): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && Number.isFinite(value) && (!whole || Number.isInteger(value))) return value;
  throw new UsageError(`${option} expects a ${whole ? "whole " : ""}number above 0, got "${text}"`);
}

function readLink(text: string): LinkName {
  const found = linkNames.find((name) => name === text);
  if (found === undefined) throw new UsageError(`--links expects ${linkNames.join(", ")}, got "${text}"`);
  return found;
}
