import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from "node:http2";
import type { EngineClient } from "../connection/engine-client.js";
import { encodeFrameHeader, FrameReader } from "./grpc-frame.js";
import { GrpcError, grpcStatus } from "./grpc-server.js";

/** A connection on which this side makes the calls. */
export interface GrpcClient extends Disposable {
  /**
   * Calls a method with one request; yields each response.
   * @param path `/package.Service/Method`
   * @throws GrpcError what the other side answers instead of a success
   */
  call(path: string, request: Uint8Array): AsyncGenerator<Buffer>;
}

/** Connects to the engine's BuildKit. An abort ends the calls that run, and what they started. */
export async function connectToBuildKit(client: EngineClient, signal: AbortSignal | undefined): Promise<GrpcClient> {
  const socket = await client.unversioned.hijack("h2c", { method: "POST", path: "/grpc" }, signal);
  const session = connect("http://engine", { createConnection: () => socket });
  session.on("error", () => {});
  // Node reads what the socket holds in its next turn, and fails when the session has gone by then.
  await new Promise((resolve) => session.once("connect", resolve).once("close", resolve));
  const close = () => {
    signal?.removeEventListener("abort", close);
    session.destroy();
    socket.destroy();
  };
  if (signal?.aborted === true) close();
  signal?.throwIfAborted();
  signal?.addEventListener("abort", close);
  return { call: (path, message) => callMethod(session, path, message), [Symbol.dispose]: close };
}

async function* callMethod(session: ClientHttp2Session, path: string, request: Uint8Array): AsyncGenerator<Buffer> {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  let ending: IncomingHttpHeaders = {};
  const keep = (headers: IncomingHttpHeaders) => {
    ending = { ...ending, ...headers };
  };
  stream.on("response", keep).on("trailers", keep);
  stream.end(Buffer.concat([encodeFrameHeader(request.length), request]));
  yield* messagesOf(stream);
  const { "grpc-status": code, "grpc-message": message = "" } = ending;
  if (code === undefined) throw new Error("the connection was closed before the answer");
  if (Number(code) !== grpcStatus.ok) throw new GrpcError(Number(code), decodeMessage(String(message)));
}

async function* messagesOf(stream: ClientHttp2Stream): AsyncGenerator<Buffer> {
  const frames = new FrameReader();
  for await (const chunk of stream as AsyncIterable<Buffer>) yield* frames.read(chunk);
}

/** Percent-encoded bytes; whatever is not stays as it is. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
