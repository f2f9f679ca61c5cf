import { createChoosingTransport } from "../choice/connect.js";
import { Hop } from "../hop/hop.js";
import type { SshEndpoint, SshRoute } from "../route/endpoint.js";
import type { SshEventListener } from "../route/event.js";
import { forgetSecrets } from "../route/failure.js";
import type { SshPromptHandler } from "../route/prompt.js";
import type { Connection, ProgramEnvironment, Transport } from "../transport/transport.js";

export interface KeptRouteSetting {
  readonly env: ProgramEnvironment;
  readonly onEvent: SshEventListener;
  readonly onPrompt: SshPromptHandler | undefined;
  readonly signal: AbortSignal;
}

/** The connection at the end of a route. */
export interface KeptRoute {
  readonly connection: Connection;
  /** Closes it, then those of the hops. */
  readonly close: () => Promise<void>;
  /** Lets go of all that it logged in by. */
  readonly forget: () => void;
}

/** Connects to the end of a route, through its hops. */
export async function openKeptRoute(route: SshRoute, setting: KeptRouteSetting): Promise<KeptRoute> {
  let connection: Connection | undefined;
  const hops: Hop[] = [];
  for (const [index, endpoint] of route.entries()) {
    const plain = createChoosingTransport();
    const capturing: Transport = async (request) => {
      connection = await plain(request);
      return connection;
    };
    const transport = index === route.length - 1 ? capturing : plain;
    hops.push(new Hop({ ...setting, transport, endpoint, via: hops.at(-1), connectGate: undefined }));
  }
  const close = async () => {
    for (const hop of hops.toReversed()) await hop.close();
  };
  try {
    await hops.at(-1)?.connect();
  } catch (error) {
    await close();
    throw error;
  }
  return { connection: connection as unknown as Connection, close, forget: () => route.forEach(forget) };
}

function forget(endpoint: SshEndpoint): void {
  forgetSecrets(endpoint);
  const [{ username }] = endpoint.credentials;
  Object.assign(endpoint, { credentials: [{ username }] });
}
