import { once } from "node:events";
import { connect } from "node:net";
import { type Duplex, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { readFirstBytes, writeFirstBytes } from "./wire.js";

/** Joins one agent connection of a build step with the agent's socket on this machine. */
export async function forwardAgent(call: ServerDuplexStream<Buffer, Buffer>, findSocket: () => string): Promise<void> {
  const agent = connect(findSocket());
  await once(agent, "connect");
  // grpc-js's streams are Node's, but its types do not say so.
  const messages = call as unknown as Duplex;
  await Promise.all([pipeline(messages, unwrap(), agent), pipeline(agent, wrap(), messages)]);
}

function unwrap(): Transform {
  return new Transform({
    writableObjectMode: true,
    transform: (message: Buffer, _encoding, done) => done(null, Buffer.from(readFirstBytes(message))),
  });
}

function wrap(): Transform {
  return new Transform({
    readableObjectMode: true,
    transform: (bytes: Buffer, _encoding, done) => done(null, writeFirstBytes(bytes)),
  });
}
