import { constants, type IncomingHttpHeaders, performServerHandshake, type ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import { cleanText } from "@otto/errors";
import { encodeFrameHeader, FrameReader } from "./grpc-frame.js";

/** One call that the other side makes. */
export interface GrpcCall {
  /** The values of each header, one entry for each time it was sent. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Whether the other side has given up. */
  readonly isCancelled: boolean;
  /** Calls `listener` with each message; call it once, before the first await. */
  onMessage(listener: (message: Buffer) => void): void;
  /** Calls `listener` when no further message can come, with what broke the stream of messages, if anything did. */
  onEnd(listener: (broken: unknown) => void): void;
  /**
   * Sends one message, given in parts that must not change any more. Resolves when there is room for the next; those of
   * one turn of the event loop travel together.
   */
  send(...message: readonly Uint8Array[]): Promise<void>;
}

/** Answers a call; when it settles, the call is over. */
export type GrpcHandler = (call: GrpcCall) => Promise<void>;

/** An error that reaches the other side with this code. */
export class GrpcError extends Error {
  constructor(
    readonly grpcStatus: number,
    message: string,
  ) {
    super(message);
  }
}

export const grpcStatus = { ok: 0, notFound: 5, unimplemented: 12, internal: 13 } as const;

/**
 * Serves gRPC on a connection that we dialled. A small server of our own: a library's sends each message by itself, which
 * over SSH doubles the bytes of a large context's file list, and joins repeated headers, which hold BuildKit's paths.
 *
 * @param methods by path, `/package.Service/Method`
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function serveGrpc(socket: Duplex, methods: Readonly<Record<string, GrpcHandler>>): { close(): void } {
  const session = performServerHandshake(socket);
  session.on("error", () => {});
  session.on(
    "stream",
    (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: string[]) => {
      stream.on("error", () => {});
      // Calls are told a moment late: this one has been taken back, or its connection is gone.
      if (stream.destroyed) return;
      const handler = methods[String(headers[constants.HTTP2_HEADER_PATH])] ?? refuse;
      const call = openCall(stream, rawHeaders);
      handler(call).then(
        () => call.finish(grpcStatus.ok, ""),
        (error: unknown) =>
          call.finish(statusOf(error), cleanText(error instanceof Error ? error.message : String(error))),
      );
    },
  );
  return { close: () => session.destroy() };
}

/** A handler for a method with one request and one response. */
export function unary(answer: (request: Buffer) => Promise<Uint8Array>): GrpcHandler {
  return async (call) => {
    const request = await new Promise<Buffer>((resolve, reject) => {
      call.onMessage(resolve);
      call.onEnd((broken) => reject(broken ?? new GrpcError(grpcStatus.internal, "the request never came")));
    });
    await call.send(await answer(request));
  };
}

async function refuse(): Promise<void> {
  throw new GrpcError(grpcStatus.unimplemented, "not served");
}

function statusOf(error: unknown): number {
  return error instanceof GrpcError ? error.grpcStatus : grpcStatus.internal;
}

function openCall(stream: ServerHttp2Stream, rawHeaders: readonly string[]) {
  const outlet = openOutlet(stream);
  const enders: ((broken: unknown) => void)[] = [];
  let broken: unknown;
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  return {
    headers: groupHeaders(rawHeaders),
    get isCancelled() {
      return stream.aborted && broken === undefined;
    },
    onMessage(listener: (message: Buffer) => void) {
      const reader = new FrameReader();
      stream.on("data", (chunk: Buffer) => {
        if (broken !== undefined) return;
        try {
          for (const message of reader.read(chunk)) listener(message);
        } catch (error) {
          broken = error;
          for (const listener of enders) listener(broken);
          stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
        }
      });
    },
    onEnd(listener: (broken: unknown) => void) {
      enders.push(listener);
      for (const event of ["end", "close"]) stream.once(event, () => listener(broken));
    },
    send: outlet.send,
    finish(code: number, message: string) {
      if (stream.destroyed) return;
      stream.once("wantTrailers", () => {
        stream.sendTrailers({ "grpc-status": String(code), "grpc-message": encodeURIComponent(message) });
      });
      outlet.flush();
      stream.end();
    },
  };
}

// More than this at once would only wait in memory.
const batchBytes = 256 * 1024;

/** Gathers what is sent within one turn of the event loop into one write. */
function openOutlet(stream: ServerHttp2Stream) {
  let batch: Uint8Array[] = [];
  let size = 0;
  let drained: Promise<void> | undefined;
  const waitForDrain = () =>
    new Promise<void>((resolve) => {
      const settle = () => {
        for (const event of ["drain", "close"]) stream.off(event, settle);
        drained = undefined;
        resolve();
      };
      for (const event of ["drain", "close"]) stream.once(event, settle);
    });
  const flush = () => {
    if (batch.length === 0 || stream.destroyed) return;
    const isRoom = stream.write(Buffer.concat(batch));
    [batch, size] = [[], 0];
    if (!isRoom) drained ??= waitForDrain();
  };
  const send = async (...message: readonly Uint8Array[]) => {
    if (stream.destroyed || stream.writableEnded) throw new GrpcError(grpcStatus.internal, "the call is over");
    if (batch.length === 0) setImmediate(flush);
    const length = message.reduce((sum, part) => sum + part.length, 0);
    batch.push(encodeFrameHeader(length), ...message);
    size += length;
    if (size >= batchBytes) flush();
    await drained;
  };
  return { send, flush };
}

function groupHeaders(rawHeaders: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    headers.set(name, [...(headers.get(name) ?? []), rawHeaders[at + 1] ?? ""]);
  }
  return headers;
}
