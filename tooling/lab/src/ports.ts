import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Of loopback. Nobody listens there: a port below 1024 is nobody's by chance. */
export const closedPort = 1019;

/** Below those that the system gives to who asks for any: a host that is stopped finds its own free when it comes back. */
export async function findFreePort(): Promise<number> {
  const port = randomInt(10_000, 20_000);
  return (await isFree(port)) ? port : findFreePort();
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(false) : reject(error),
    );
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
