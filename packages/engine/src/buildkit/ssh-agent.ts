import type { Duplex } from "node:stream";
import type { GrpcCall } from "./grpc-server.js";
import { readFirstBytes, writeFirstBytes } from "./wire.js";

/** Joins one agent connection of a build step with an agent on this machine. */
export async function forwardAgent(call: GrpcCall, agent: Duplex): Promise<void> {
  call.onMessage((message) => agent.write(readFirstBytes(message)));
  call.onEnd(() => agent.end());
  for await (const bytes of agent as AsyncIterable<Buffer>) await call.send(writeFirstBytes(bytes));
}
