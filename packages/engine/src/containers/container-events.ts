import type { Readable } from "node:stream";
import { OttoError } from "@otto/errors";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine } from "../connection/engine-error.js";
import { readJsonLines, textField } from "../connection/json-lines.js";

/** A step in the life of a container. */
export interface ContainerEvent {
  readonly container: string;
  /**
   * `create`, `start`, `die`, `destroy`, `rename`; of Podman `remove`, where Docker has `destroy`. Where they are asked for, others:
   * `health_status: healthy`.
   */
  readonly action: string;
}

// Podman 4.3 takes `died`, and tells it as `die`.
const lifecycleActions = ["create", "start", "die", "died", "destroy", "remove", "rename"];

/**
 * Listens to what happens to containers; resolves when the engine tells, so that a look taken then misses nothing.
 * @param labels `key` or `key=value`; all must match
 * @param more further actions to hear of: `health_status`
 * @throws OttoError `ENGINE_UNREACHABLE`; while it is read `ENGINE_STREAM_LOST`, also when the engine ends it
 */
export async function watchContainers(
  client: EngineClient,
  { labels, more }: { readonly labels: readonly string[]; readonly more: readonly string[] },
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<ContainerEvent>> {
  const query = { filters: { type: ["container"], event: [...lifecycleActions, ...more], label: labels } };
  const source = await callEngine(client, { doing: "listening to container events", signal }, () =>
    client.stream({ method: "GET", path: "/events", query }, signal),
  );
  return readEvents(source, client.name, signal);
}

async function* readEvents(
  source: Readable,
  engine: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ContainerEvent> {
  let cause: unknown;
  try {
    for await (const line of readJsonLines(source)) {
      const container = textField(line, "id");
      const action = textField(line, "Action");
      if (container !== undefined && action !== undefined) yield { container, action };
    }
  } catch (error) {
    signal?.throwIfAborted();
    cause = error;
  } finally {
    source.destroy();
  }
  throw new OttoError("ENGINE_STREAM_LOST", `listening to container events on ${engine}: the connection was lost`, {
    cause,
  });
}
