/** A version as compose tells it. */
export interface ComposeVersion {
  /** Without the leading `v`. */
  readonly text: string;
  readonly major: number;
  readonly minor: number;
}

/** How compose may be called beside a docker client: as its plugin, and as a program of its own. */
export function composePrograms(docker: readonly string[]): readonly (readonly string[])[] {
  const standalone = (docker.at(-1) ?? "").replace(/docker$/, "docker-compose");
  return [
    [...docker, "compose"],
    [...docker.slice(0, -1), standalone],
  ];
}

/** Reads what `version --short` printed, of Compose 1 too; undefined when that is none. */
export function parseComposeVersion(output: string): ComposeVersion | undefined {
  const [line = ""] = output.trim().split("\n");
  // Built by hand.
  if (line === "dev") return { text: line, major: Number.POSITIVE_INFINITY, minor: 0 };
  const match = /(?:^|\s)v?((\d+)\.(\d+)[^\s,]*)/.exec(line);
  return match === null ? undefined : { text: match[1] ?? "", major: Number(match[2]), minor: Number(match[3]) };
}
