import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { joinTunnel, tunnelOf } from "./tunnel.js";

test.each(["before", "after"])("a line that was lost %s its client came resets the client", async (when) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const user = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [client] = (await once(server, "connection")) as [Socket];
  const stream = new PassThrough();
  if (when === "before") stream.destroy();
  await new Promise(setImmediate);
  joinTunnel(client, tunnelOf(stream));
  if (when === "after") stream.destroy();
  await expect(once(user, "end")).rejects.toMatchObject({ code: "ECONNRESET" });
  server.close();
});
