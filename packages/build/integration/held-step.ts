import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** A build step that lasts until it is released. It takes busybox and the network of the host. */
export interface HeldStep extends AsyncDisposable {
  /** A line of a Dockerfile, never the same twice. */
  readonly line: string;
  /** Lets it end, and each later run of it at once. */
  release(): void;
}

export async function createHeldStep(exitCode = 0): Promise<HeldStep> {
  const held = new Set<Socket>();
  let released = false;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    held.add(socket);
    socket.on("error", () => {}).on("close", () => held.delete(socket));
    socket.resume();
    if (released) socket.end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const word = randomBytes(6).toString("hex");
  return {
    line: `RUN : ${word}; nc 127.0.0.1 ${port}; exit ${exitCode}\n`,
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
