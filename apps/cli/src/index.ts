export type { Invocation, OutputStream, SignalSource } from "./invocation.js";
export { main } from "./main.js";
