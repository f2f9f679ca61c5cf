import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { type Calls, inTurn } from "./calls.js";
import { median } from "./statistics.js";

/** `exec` by three requests on the engine's own socket: what the engine itself takes. Rejects where a command fails. */
export function createEngineExec(socketPath: string, container: string) {
  const agent = new Agent({ keepAlive: true });
  const ask = (method: string, path: string, body?: object): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { "Content-Type": "application/json" };
      const asking = request({ agent, socketPath, method, path, headers }, (answer) => {
        text(answer).then((said) => {
          if ((answer.statusCode ?? 500) < 300) resolve(said);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${said}`));
        }, reject);
      });
      asking.once("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
    });
  const exec = async (argv: readonly string[]): Promise<void> => {
    const created = await ask("POST", `/containers/${container}/exec`, {
      Cmd: argv,
      AttachStdout: true,
      AttachStderr: true,
    });
    const { Id } = JSON.parse(created) as { Id: string };
    await ask("POST", `/exec/${Id}/start`, { Detach: false, Tty: false });
    const { ExitCode } = JSON.parse(await ask("GET", `/exec/${Id}/json`)) as { ExitCode: number };
    if (ExitCode !== 0) throw new Error(`${argv.join(" ")}: exit code ${ExitCode}`);
  };
  return {
    /** What one of the calls takes in the middle. */
    each: async (calls: Calls): Promise<number> => {
      const times: number[] = [];
      for await (const _ of inTurn(calls)) {
        const startedAt = performance.now();
        await exec(["true"]);
        times.push(performance.now() - startedAt);
      }
      return median(times);
    },
    /** `count` calls, at most `atOnce` at a time. */
    many: async (count: number, atOnce: number): Promise<number> => {
      const startedAt = performance.now();
      let left = count;
      const work = async () => {
        while (left > 0) {
          left -= 1;
          await exec(["true"]);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      return performance.now() - startedAt;
    },
    close: () => agent.destroy(),
  };
}
