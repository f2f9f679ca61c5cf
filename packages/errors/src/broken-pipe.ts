/** The error of a write to a pipe that nobody reads any more, as Node makes it. */
export function brokenPipe(): Error {
  return Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" });
}
