import { once } from "node:events";
import { connect, constants } from "node:http2";
import { Duplex } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { serveGrpc } from "./grpc-server.js";

/** What a client sends that makes a call and takes it back. */
async function recordCancelledCall(): Promise<Buffer> {
  const sent: Buffer[] = [];
  const write = (chunk: Buffer, _encoding: unknown, done: () => void) => {
    sent.push(chunk);
    done();
  };
  const session = connect("http://engine", { createConnection: () => new Duplex({ read: () => {}, write }) });
  const call = session.request({ ":method": "POST", ":path": "/any" }).on("error", () => {});
  await once(session, "connect");
  await setImmediate();
  call.close(constants.NGHTTP2_CANCEL);
  await once(call, "close");
  session.destroy();
  return Buffer.concat(sent);
}

test("a call that is taken back as it comes breaks nothing", async () => {
  const bytes = await recordCancelledCall();
  const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  const paths: string[] = [];
  const server = serveGrpc(socket, { "/any": async () => void paths.push("/any") });
  await setImmediate();
  socket.push(bytes);
  // An exception would fail this run.
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
  server.close();
  expect(paths).toEqual([]);
});
