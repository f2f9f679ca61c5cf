import { once } from "node:events";
import { connect } from "node:net";
import type { GrpcCall } from "./grpc-server.js";
import { readFirstBytes, writeFirstBytes } from "./wire.js";

/** Joins one agent connection of a build step with the agent's socket on this machine. */
export async function forwardAgent(call: GrpcCall, socketPath: string): Promise<void> {
  const agent = connect(socketPath);
  call.onMessage((message) => agent.write(readFirstBytes(message)));
  call.onEnd(() => agent.end());
  await once(agent, "connect");
  for await (const bytes of agent as AsyncIterable<Buffer>) await call.send(writeFirstBytes(bytes));
}
