import { InvalidArgumentError, Option } from "commander";

/** `--repo` and `--on`, of each command that works on repos. */
export interface PlaceOptions {
  readonly repo?: string;
  readonly on?: string;
}

export function repoOption(): Option {
  return new Option("--repo <name>", "the repository to work on (default: all)");
}

const hostForms = "an id or handle, an alias of your SSH configuration, or ssh://[user@]host[:port]";

/** `--on` of a command that works on several parents at once. */
export function onOption(): Option {
  return new Option(
    "--on <hosts>",
    `parents, with commas between them: HOST, all, or NAME=HOST for the Compose files with this name or role in the settings; may be repeated. A HOST is ${hostForms}`,
  ).argParser(collectHosts);
}

/** `--on` of a command that works on one parent. */
export function oneHostOption(): Option {
  return new Option("--on <host>", `the parent: ${hostForms}`).argParser(parseHost);
}

/** Adds to the hosts that were given before. */
export function collectHosts(text: string, earlier?: string): string {
  return earlier === undefined ? text : `${earlier},${text}`;
}

/** One host, and given once. */
export function parseHost(text: string, earlier?: string): string {
  const isUrl = text.startsWith("ssh://");
  if (earlier === undefined && (isUrl || !/[,=]|^all$/.test(text))) return text;
  throw new InvalidArgumentError("This command works on one parent: give one HOST.");
}

export function timeoutOption(): Option {
  return new Option("--timeout <seconds>", "end the command after this long; inf for never")
    .argParser(parseSeconds)
    .default(30);
}

/** An option of docker's that says what happens anyway. */
export function acceptedOption(flags: string): Option {
  return new Option(flags, "accepted: it is what happens anyway").hideHelp();
}

/** Seconds, fractions too; `inf` for no end. */
export function parseSeconds(text: string): number {
  const seconds = text === "inf" ? Number.POSITIVE_INFINITY : Number(text);
  if (text.trim() === "" || Number.isNaN(seconds) || seconds < 0)
    throw new InvalidArgumentError("Not a time in seconds.");
  return seconds;
}

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A time such as `90s`, `30m`, `2h`, `14d` or `1h30m`, as milliseconds. */
export function parseTimeSpan(text: string): number {
  if (!/^(\d+[smhd])+$/.test(text)) throw new InvalidArgumentError("Not a time such as 90s, 30m, 2h or 1h30m.");
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * unitMs[unit as keyof typeof unitMs], 0);
}

/** Seconds as the engine takes them. */
export function parseWholeSeconds(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Not a whole number of seconds.");
  return Number(text);
}

/** A number of things: 0 or more. */
export function parseCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Not a whole number.");
  return Number(text);
}

/** A signal's name, with or without `SIG`, or its number. */
export function parseSignal(text: string): string {
  if (!/^(SIG)?[A-Z][A-Z0-9+-]*$|^\d{1,2}$/i.test(text))
    throw new InvalidArgumentError("Not a signal such as HUP or 9.");
  return text;
}

/** Permission bits, in octal as `chmod` takes them. */
export function parseMode(text: string): number {
  if (!/^[0-7]{3,4}$/.test(text)) throw new InvalidArgumentError("Not an octal mode such as 640.");
  return Number.parseInt(text, 8);
}

/** Adds to the values of an option that may be repeated. */
export function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

/** Adds `SERVICE=COUNT` to the counts that were given before. */
export function collectScale(text: string, earlier: Readonly<Record<string, number>> = {}): Record<string, number> {
  const [, service = "", count = ""] = /^([^=]+)=(\d+)$/.exec(text) ?? [];
  if (service === "") throw new InvalidArgumentError("Not of the form SERVICE=COUNT.");
  return { ...earlier, [service]: Number(count) };
}

/** Adds `NAME=VALUE`, or `NAME` for this process's own, to those that were given before. */
export function collectAssignment(text: string, earlier: readonly string[] = []): readonly string[] {
  if (text === "" || text.startsWith("=")) throw new InvalidArgumentError("Not of the form NAME=VALUE or NAME.");
  return [...earlier, text];
}

/** Variables of assignments; one without a value is the environment's, and left out where that has none. */
export function toVariables(
  assignments: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const pairs = assignments.map((text) => {
    const split = text.indexOf("=");
    return split === -1 ? ([text, env[text]] as const) : ([text.slice(0, split), text.slice(split + 1)] as const);
  });
  return Object.fromEntries(pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}

/** Adds `NAME=VALUE` to the variables that were given before. */
export function collectVariable(text: string, earlier: Readonly<Record<string, string>> = {}): Record<string, string> {
  const split = text.indexOf("=");
  if (split < 1) throw new InvalidArgumentError("Not of the form NAME=VALUE.");
  return { ...earlier, [text.slice(0, split)]: text.slice(split + 1) };
}
