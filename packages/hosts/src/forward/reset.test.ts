import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { resetSocket } from "./reset.js";

async function openPair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const near = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  const [far] = (await once(server, "connection")) as [Socket];
  server.close();
  return { near, far };
}

test("the other side sees a reset, not the end", async () => {
  const { near, far } = await openPair();
  const failed = once(far, "error");
  far.resume();
  resetSocket(near);
  const [error] = (await failed) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNRESET");
});

test("a socket whose end is on its way is closed, and its process exits", async () => {
  const script = `
    import { once } from "node:events";
    import { connect, createServer } from "node:net";
    import { resetSocket } from ${JSON.stringify(new URL("../../dist/forward/reset.js", import.meta.url).href)};
    const server = createServer((client) => client.resume()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect(server.address().port, "127.0.0.1");
    await once(socket, "connect");
    socket.on("error", (error) => console.log(error.message));
    socket.end("last");
    resetSocket(socket);
    server.close();
    await once(socket, "close");
    console.log("closed");`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
    timeout: 10_000,
  });
  expect(stdout).toBe("closed\n");
});
