import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A build step that lasts until it is released. It takes busybox and the network of the host. */
export interface HeldStep extends AsyncDisposable {
  /** A line of a Dockerfile, never the same twice. */
  readonly line: string;
  /** How often it was begun. */
  runs(): number;
  /** Waits until it was begun so often. */
  reach(runs: number): Promise<void>;
  /** Lets it end, and each later run of it at once. */
  release(): void;
}

/** @param at an address of this machine that the build's reaches. Default: loopback */
export async function createHeldStep(exitCode = 0, at = "127.0.0.1"): Promise<HeldStep> {
  const held = new Set<Socket>();
  let released = false;
  let runs = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    held.add(socket);
    runs += 1;
    socket.on("error", () => {}).on("close", () => held.delete(socket));
    socket.resume();
    if (released) socket.end();
  });
  await once(server.listen(0, at), "listening");
  const { port } = server.address() as AddressInfo;
  const word = randomBytes(6).toString("hex");
  return {
    line: `RUN : ${word}; nc ${at} ${port}; exit ${exitCode}\n`,
    runs: () => runs,
    reach: async (count) => {
      while (runs < count) await once(server, "connection");
    },
    release: () => {
      released = true;
      for (const socket of held) socket.end();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of held) socket.destroy();
      server.close();
    },
  };
}
