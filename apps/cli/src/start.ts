import { homedir } from "node:os";
import { startDirectory } from "./arguments/start-directory.js";
import { main } from "./main.js";
import { OwnProcesses, sayReported, signalsFromStarter, starterBegan } from "./own-process.js";

/** Runs `otto` as this process: its arguments, streams, signals and exit code. The only place that reads them. */
export async function start(): Promise<void> {
  const { env, stdin, stdout, stderr } = process;
  // Whoever read our output has gone, as in `otto … | head`: nobody is left to tell.
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  }
  const cwd = startDirectory(process.cwd(), env);
  // Commands on `local` start here too.
  process.chdir(cwd);
  const apart = new OwnProcesses();
  const startedAt = starterBegan() ?? performance.timeOrigin;
  const signals = signalsFromStarter();
  const exitCode = await main({
    argv: process.argv.slice(2),
    cwd,
    env,
    home: homedir(),
    startedAt,
    stdin,
    stdout,
    stderr,
    signals: signals ?? process,
    force: (code) => {
      apart.killAll();
      process.exit(code);
    },
    runApart: signals === undefined ? () => apart.run() : undefined,
  });
  await Promise.all([flush(stdout), flush(stderr)]);
  if (signals !== undefined) await sayReported();
  process.exit(exitCode);
}

function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}
