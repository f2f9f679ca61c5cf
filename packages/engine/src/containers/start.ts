import type { Duplex } from "node:stream";
import { abortable } from "@otto/errors";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine } from "../connection/engine-error.js";
import { describeContainer } from "./containers.js";
import { attach, type ContainerProcess, createResize } from "./exec.js";

export interface StartOptions {
  /** Whether the container has a terminal: `stderr` then is empty, and `resize` tells its size. */
  readonly terminal: boolean;
  /** Whether its stdin is written to. */
  readonly stdin: boolean;
}

/**
 * Starts a container that was created, and joins its main process before that: its outputs are whole from the first byte.
 * `exit` settles when it has ended.
 * @throws OttoError `ENGINE_REQUEST_FAILED` when there is no such container, or it cannot be started
 */
export async function startContainer(
  client: EngineClient,
  { container, options }: { readonly container: string; readonly options: StartOptions },
  signal: AbortSignal | undefined,
): Promise<ContainerProcess> {
  const { terminal, stdin } = options;
  const called = describeContainer({ container });
  const doing = `starting ${called}`;
  const path = `/containers/${encodeURIComponent(container)}`;
  // Without its log: of what is written while it is read, the engine would send twice what is in both, and never an
  // unfinished line from before.
  const query = { stream: true, stdout: true, stderr: true, stdin };
  const message = { method: "POST", path: `${path}/attach`, query } as const;
  const drop = (late: Duplex) => void late.destroy();
  const joining = callEngine(client, { doing, signal }, () => client.hijack("tcp", message, signal), drop);
  const channel = await abortable(joining, signal, drop);
  const process = attach(channel, { doing: `running ${called}`, terminal, stdin }, async () => {
    return { exitCode: await waitContainer(client, container, signal), hasStarted: true };
  });
  try {
    await callEngine(client, { doing, signal }, () => client.tell({ method: "POST", path: `${path}/start` }, signal));
  } catch (error) {
    process.disconnect();
    throw error;
  }
  const resize = createResize(client, `the terminal of ${called}`, (docker) => docker.getContainer(container));
  return { ...process, resize };
}

/** Waits until a container has stopped. @returns its exit code */
export async function waitContainer(
  client: EngineClient,
  container: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const message = { method: "POST", path: `/containers/${encodeURIComponent(container)}/wait` } as const;
  const doing = `waiting for the end of ${describeContainer({ container })}`;
  const { StatusCode } = await callEngine(client, { doing, signal }, () =>
    client.request<{ readonly StatusCode: number }>(message, signal),
  );
  return StatusCode;
}
