/** From the most talkative. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** As `docker build --progress`: `plain` writes lines on a terminal, too; `tty` is `auto`. */
export const progressKinds = ["auto", "tty", "plain", "quiet"] as const;

/** Options that every command takes. */
export interface GlobalOptions {
  readonly lab: string | undefined;
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly logLevel: LogLevel;
  /** Progress is written line by line on a terminal, too. */
  readonly plain: boolean;
  /** Colour where the terminal has it. */
  readonly color: boolean;
  /** Whether questions of logins are asked at the terminal. */
  readonly input: boolean;
}

/** What commander gives for the root's options. */
export interface RawGlobalOptions {
  readonly lab?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly logLevel?: LogLevel;
  readonly quiet?: boolean;
  readonly progress?: (typeof progressKinds)[number];
  readonly color?: boolean;
  readonly input?: boolean;
  readonly listHosts?: boolean;
  readonly listLabs?: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The command line goes before the environment. */
export function toGlobalOptions(raw: RawGlobalOptions, env: Environment): GlobalOptions {
  return {
    lab: raw.lab ?? (env.OTTO_LAB || undefined),
    json: raw.json ?? false,
    dryRun: raw.dryRun ?? false,
    logLevel: raw.logLevel ?? (raw.quiet === true || raw.progress === "quiet" ? "error" : "info"),
    plain: raw.progress === "plain",
    color: raw.color ?? true,
    // Nobody sits before a pipeline, though some have a terminal.
    input: (raw.input ?? true) && ["", "0", "false"].includes(env.CI ?? ""),
  };
}

/** Whether something of `level` is told at `wanted`. */
export function isShown(level: LogLevel, wanted: LogLevel): boolean {
  return logLevels.indexOf(level) >= logLevels.indexOf(wanted);
}

/** Colour on a stream: forced, forbidden, or on a terminal. */
export function hasColor(options: GlobalOptions, env: Environment, isTerminal: boolean): boolean {
  if (!options.color || env.NO_COLOR) return false;
  return env.FORCE_COLOR ? env.FORCE_COLOR !== "0" : isTerminal && env.TERM !== "dumb";
}

/** Whether the line itself chooses the lab. */
export function namesLab(argv: readonly string[]): boolean {
  return argv.some((word) => word === "--lab" || word.startsWith("--lab="));
}
