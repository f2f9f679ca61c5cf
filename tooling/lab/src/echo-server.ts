import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** A server on loopback that answers with what it reads, and ends when its client does. */
export interface EchoServer extends AsyncDisposable {
  readonly port: number;
}

export async function startEcho(): Promise<EchoServer> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => {});
    client.pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void server.close() };
}
