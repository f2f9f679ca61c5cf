export type { Invocation, OutputStream, OwnProcess, SignalSource } from "./invocation.js";
export { main } from "./main.js";
