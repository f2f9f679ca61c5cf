import { randomBytes } from "node:crypto";
import { dockerWords } from "../session/compose-command.js";
import type { StackSession } from "../session/stack-session.js";

/** What one script printed of containers, as it came. */
export interface ContainerTexts {
  /** Of `docker container inspect`. */
  readonly inspected: string;
  /** Of each command, in their order. */
  readonly printed: readonly string[];
}

/**
 * Inspects containers and runs further commands, all in one round trip.
 * @param commands shell command lines
 */
export async function readTexts(
  session: Pick<StackSession, "parent" | "run">,
  ids: readonly string[],
  commands: readonly string[],
): Promise<ContainerTexts> {
  // Logs may hold any text: no container can know this one, and so pass its lines off as another's.
  const boundary = randomBytes(16).toString("hex");
  const inspect = `${dockerWords(session.parent)} container inspect ${ids.join(" ")} 2>/dev/null`;
  const { output } = await session.run([inspect, ...commands].join(`\nprintf %s ${boundary}\n`));
  const [inspected = "", ...printed] = output.split(boundary);
  return { inspected, printed };
}
