import { Duplex } from "node:stream";
import { forgetLastStat } from "@otto/errors";
import { importSsh2Parts, readSsh2Version } from "./internals.js";
import { assertSsh2Shape } from "./shape.js";

type Ssh2 = typeof import("ssh2");

let loading: Promise<Ssh2> | undefined;

/**
 * ssh2 is slow to load: that waits for its first use. Then its internals are checked, once.
 * @throws OttoError `SSH_LIBRARY_UNSUPPORTED`
 */
export function loadSsh2(): Promise<Ssh2> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Ssh2> {
  forgetLastStat();
  const { default: ssh2 } = await import("ssh2");
  const { Channel, ...parts } = await importSsh2Parts();
  const client = startClient(ssh2);
  const state = { id: 0, state: "open" };
  const channel = new Channel(client, { type: "session", incoming: { ...state }, outgoing: { ...state } }, {});
  assertSsh2Shape({ client, channel, parts }, readSsh2Version);
  client.destroy();
  return ssh2;
}

/** A client that talks to nobody: ssh2 makes most of its parts when it connects. */
function startClient(ssh2: Ssh2) {
  const sock = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const client = new ssh2.Client();
  client.on("error", () => {});
  return client.connect({ sock, username: "", readyTimeout: 0 });
}
