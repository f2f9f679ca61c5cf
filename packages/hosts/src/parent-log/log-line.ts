import { cleanText, type Json } from "@otto/errors";

/** What was done on a parent, for all who share it. */
export interface ParentLogEntry {
  /** One word of `[a-z-]`: `build`, `up`, `down`, `prune`, `reserve`, … */
  readonly do: string;
  /** The name that whoever did it gives itself, as `ada@desk (process 4711)`. */
  readonly who: string;
  readonly repo?: string | undefined;
  readonly project?: string | undefined;
  /** Of the checkout: 40 hexadecimal digits, with `-dirty` behind them where tracked files differ from it. */
  readonly commit?: string | undefined;
  /** The error's code, where it failed. */
  readonly failed?: string | undefined;
  /** How long it took. */
  readonly seconds?: number | undefined;
  /** One sentence on what came of it; at most 500 characters of it are kept. No secrets: every login can read it. */
  readonly text?: string | undefined;
}

/** An entry as it stands in the log of a parent. */
export interface ParentLogLine extends ParentLogEntry {
  /** By the parent's clock. */
  readonly time: Date;
  /** The user id that wrote it, as the parent's file system has it; all else can be made up. */
  readonly uid: number;
  /** The name of that user there; undefined: it has none. */
  readonly login: string | undefined;
}

const longestText = 500;
const longestWord = 100;

/** An entry as the text behind the time of its line: one line of JSON, at most 4 KiB. */
export function formatLogEntry(entry: ParentLogEntry): string {
  const { text, seconds, ...words } = entry;
  const facts: Record<string, Json | undefined> = {
    ...Object.fromEntries(Object.entries(words).map(([key, word]) => [key, word && cleanWords(word, longestWord)])),
    ...(seconds !== undefined && { seconds: Math.round(seconds * 10) / 10 }),
    ...(text !== undefined && { text: cleanWords(text, longestText) }),
  };
  return JSON.stringify(facts);
}

/** Of any text, the characters of one line. */
function cleanWords(text: string, longest: number): string {
  return cleanText(text).replaceAll(/\s+/g, " ").trim().slice(0, longest).toWellFormed();
}

/**
 * Reads what `readLogScript` prints. Lines that are none of ours are left out: whoever wrote them may have been cut off, or
 * hostile.
 * @returns in order of time
 */
export function parseLog(text: string): ParentLogLine[] {
  const lines = text.split("\n");
  const logins = new Map<string, string>();
  for (const line of lines) {
    const [, uid = "", name = ""] = /^= (\d+) (\S+)$/.exec(line) ?? [];
    if (name !== "") logins.set(uid, cleanText(name));
  }
  const parsed = lines.flatMap((line) => {
    const [, uid = "", time = "", json = ""] = /^(\d+) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) (\{.*\})$/.exec(line) ?? [];
    const entry = json === "" ? undefined : parseEntry(json);
    const date = new Date(time);
    if (entry === undefined || Number.isNaN(date.getTime())) return [];
    return [{ ...entry, time: date, uid: Number(uid), login: logins.get(uid) }];
  });
  return parsed.toSorted((a, b) => a.time.getTime() - b.time.getTime());
}

function parseEntry(json: string): ParentLogEntry | undefined {
  const facts = parseObject(json);
  const word = (key: string): string | undefined => {
    const value = facts?.[key];
    return typeof value === "string" ? cleanWords(value, longestText) : undefined;
  };
  const done = word("do") ?? "";
  if (!/^[a-z][a-z-]*$/.test(done)) return undefined;
  const seconds = facts?.seconds;
  return {
    ...{ do: done, who: word("who") ?? "someone", repo: word("repo"), project: word("project") },
    ...{ commit: word("commit"), failed: word("failed"), text: word("text") },
    seconds: typeof seconds === "number" ? seconds : undefined,
  };
}

function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    // It begins with a brace.
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
