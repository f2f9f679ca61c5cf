/** What the engine and the container runtime put before a reason; it explains nothing to the author of a Compose file. */
const wrappings = [
  /^Error response from daemon: /,
  /^failed to create task for container: /,
  /^failed to create shim task: /,
  /^OCI runtime (?:create|start|exec) failed: /,
  /^(?:runc|crun) (?:create|run|start|exec) failed: /,
  /^(?:runc|crun): /,
  /^exec failed: /,
  /^unable to start container process: /,
  /^error during container init: /,
  /^driver failed programming external connectivity on endpoint \S+ \([0-9a-f]+\): /,
  /^failed to set up container networking: /,
];

/** What is behind the words that engine, shim and runtime each put before the next one's. */
export function unwrapStartError(text: string): string {
  const trimmed = text.trim().replace(/: unknown$/, "");
  const wrapping = wrappings.find((one) => one.test(trimmed));
  return wrapping === undefined ? trimmed : unwrapStartError(trimmed.replace(wrapping, ""));
}

/**
 * The containers at which Compose stopped: it said that it creates or starts them and not that it did (Compose 2.14 to 2.40
 * with `--ansi never`).
 */
export function findUnfinished(output: string): string[] {
  const lines = [...output.matchAll(/^ *Container (\S+) +(Creating|Created|Starting|Started|Error)\b/gm)];
  const last = new Map(lines.map(([, name = "", word = ""]) => [name, word]));
  return [...last].filter(([, word]) => word === "Creating" || word === "Starting").map(([name]) => name);
}
