import { type ChildProcess, fork } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { startTimer } from "@otto/errors";
import type { OwnProcess, SignalSource } from "./invocation.js";

const mark = "OTTO_OWN_PROCESS";
const reported = "reported";
const signalNames = ["SIGINT", "SIGTERM"] as const;

/** Milliseconds. Code that keeps its process busy for so long after a signal will not hear of it. */
const answerMs = 3000;

/**
 * Runs command lines like that of this process in processes of their own: code that loops or waits in a blocking call hears
 * of no signal, so somebody beside it has to.
 */
export class OwnProcesses {
  readonly #children = new Set<ChildProcess>();

  /** Runs this process's command line again, on the same terminal and streams. Signals reach it as messages. */
  async run(): Promise<OwnProcess> {
    const [, program = "", ...argv] = process.argv;
    const env = { ...process.env, [mark]: String(performance.timeOrigin) };
    const child = fork(program, argv, { env, stdio: ["inherit", "inherit", "inherit", "ipc"] });
    this.#children.add(child);
    let wasKilled = false;
    let timer: NodeJS.Timeout | undefined;
    const kill = () => {
      wasKilled = true;
      child.kill("SIGKILL");
    };
    const listeners = signalNames.map((name) => () => {
      timer ??= startTimer(kill, answerMs);
      // One that has just ended cannot be sent to; its exit is on the way.
      if (child.connected) child.send(name, () => {});
    });
    let isReported = false;
    child.on("message", (message) => {
      clearTimeout(timer);
      isReported ||= message === reported;
    });
    for (const [index, name] of signalNames.entries()) process.on(name, listeners[index] as () => void);
    try {
      const [exitCode] = (await once(child, "exit")) as [number | null];
      return { exitCode: exitCode ?? 1, wasKilled: wasKilled || exitCode === null, isReported };
    } finally {
      clearTimeout(timer);
      for (const [index, name] of signalNames.entries()) process.off(name, listeners[index] as () => void);
      this.#children.delete(child);
    }
  }

  killAll(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }
}

/** Tells the parent process that this one has written its result. */
export async function sayReported(): Promise<void> {
  await new Promise<void>((resolve) => process.send?.(reported, () => resolve()) ?? resolve());
}

/** When the process began that started this one for its work, in milliseconds since 1970; undefined in any other. */
export function starterBegan(): number | undefined {
  const began = process.env[mark];
  return began === undefined ? undefined : Number(began);
}

/**
 * Where the signals of such a process come from; `undefined` in any other. A terminal's go to both processes, so what comes
 * directly is ignored; when the first one is gone, that is a signal too.
 */
export function signalsFromStarter(): SignalSource | undefined {
  if (process.env[mark] === undefined || process.send === undefined) return undefined;
  // What this process starts is not of its kind.
  delete process.env[mark];
  const source = new EventEmitter();
  const early = new Set<string>();
  const pass = (name: string) => {
    if (!source.emit(name)) early.add(name);
  };
  // A signal that comes before there is a listener is delivered to the first one.
  source.on("newListener", (name: string) => {
    if (early.delete(name)) queueMicrotask(() => source.emit(name));
  });
  process.on("message", (name) => {
    pass(String(name));
    process.send?.("heard", () => {});
  });
  process.on("disconnect", () => pass("SIGTERM"));
  if (!process.connected) pass("SIGTERM");
  for (const name of signalNames) process.on(name, () => {});
  return source;
}
