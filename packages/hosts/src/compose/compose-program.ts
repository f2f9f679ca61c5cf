/** A version as compose tells it. */
export interface ComposeVersion {
  /** Without the leading `v`. */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

/** Compose as it is called. */
export interface ComposeProgram {
  readonly command: readonly string[];
  readonly version: ComposeVersion;
}

/**
 * Finds Compose beside a docker client: its plugin, or else a program of its own.
 * @param ask runs a command and gives what it printed; undefined when it failed
 * @returns Compose 1 only where there is no later one; undefined where there is none
 */
export async function findCompose(
  docker: readonly string[],
  ask: (command: readonly string[]) => Promise<string | undefined>,
): Promise<ComposeProgram | undefined> {
  let old: ComposeProgram | undefined;
  for (const command of composePrograms(docker)) {
    const version = parseComposeVersion((await ask([...command, "version", "--short"])) ?? "");
    if (version === undefined) continue;
    if (version.major >= 2) return { command, version };
    old = { command, version };
  }
  return old;
}

function composePrograms(docker: readonly string[]): readonly (readonly string[])[] {
  const program = docker.findLastIndex((word) => /^(?!unix:).*docker$/.test(word));
  const standalone = docker.map((word, at) => (at === program ? `${word}-compose` : word));
  return program === -1 ? [[...docker, "compose"]] : [[...docker, "compose"], standalone];
}

/** Reads what `version --short` printed, of Compose 1 too; undefined when that is none. */
export function parseComposeVersion(output: string): ComposeVersion | undefined {
  const [line = ""] = output.trim().split("\n");
  // Built by hand.
  if (line === "dev") return { text: line, major: Number.POSITIVE_INFINITY, minor: 0 };
  const match = /(?:^|\s)v?((\d+)\.(\d+)[^\s,]*)/.exec(line);
  return match === null ? undefined : { text: match[1] ?? "", major: Number(match[2]), minor: Number(match[3]) };
}
