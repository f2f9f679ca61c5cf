import { PassThrough, Readable } from "node:stream";
import type Docker from "dockerode";
import { asking } from "./engine-error.js";
import type { EngineRequest } from "./engine-request.js";
import { demultiplex } from "./multiplexed-stream.js";

/**
 * The last `lines` lines of a container's stdout and stderr, in the order in which the engine kept them.
 */
export async function tailLogs(
  docker: Docker,
  container: { id: string; tty: boolean },
  lines: number,
  request: EngineRequest,
): Promise<string> {
  return asking(request, `reading the logs of ${container.id}`, async () => {
    const output = await docker
      .getContainer(container.id)
      .logs({ stdout: true, stderr: true, tail: lines, follow: false, ...request.abort });
    if (container.tty) return output.toString();
    const joined = new PassThrough();
    const [text] = await Promise.all([
      collect(joined),
      demultiplex(Readable.from([output]), { stdout: joined, stderr: joined }),
    ]);
    return text;
  });
}

async function collect(stream: Readable): Promise<string> {
  return Buffer.concat(await stream.toArray()).toString();
}
