import type { Duplex } from "node:stream";
import { abortable } from "@otto/errors";
import { loadDockerClient } from "../connection/docker-client.js";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine } from "../connection/engine-error.js";
import { describeContainer } from "./containers.js";
import { attach, type ContainerProcess } from "./exec.js";

export interface AttachOptions {
  /** Whether the container has a terminal: `stderr` then is empty, and `resize` tells its size. */
  readonly terminal: boolean;
  /** Whether its stdin is written to. */
  readonly stdin: boolean;
}

/**
 * Joins the main process of a container that runs: what it has written, and what it writes. `exit` settles when it has ended.
 * @throws OttoError `ENGINE_REQUEST_FAILED` when there is no such container
 */
export async function attachContainer(
  client: EngineClient,
  { container, options }: { readonly container: string; readonly options: AttachOptions },
  signal: AbortSignal | undefined,
): Promise<ContainerProcess> {
  const { terminal, stdin } = options;
  const called = describeContainer({ container });
  const doing = `joining ${called}`;
  const query = { logs: true, stream: true, stdout: true, stderr: true, stdin };
  const message = { method: "POST", path: `/containers/${encodeURIComponent(container)}/attach`, query } as const;
  const drop = (late: Duplex) => void late.destroy();
  const joining = callEngine(client, { doing, signal }, () => client.hijack("tcp", message, signal), drop);
  const channel = await abortable(joining, signal, drop);
  const process = attach(channel, { doing, terminal, stdin }, async () => {
    return { exitCode: await waitContainer(client, container, signal), hasStarted: undefined };
  });
  const resize = async (columns: number, rows: number) => {
    const found = (await loadDockerClient(client, undefined)).getContainer(container);
    const call = { doing: `resizing the terminal of ${called}`, signal: undefined };
    await callEngine(client, call, () => found.resize({ h: rows, w: columns }));
  };
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
