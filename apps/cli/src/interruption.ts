import type { SignalSource } from "./invocation.js";

/** Aborts on the first SIGINT or SIGTERM; the second ends the process. */
export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** 130 or 143 after a signal. */
  readonly exitCode: number | undefined;
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Listens until it is disposed. */
export function watchSignals(source: SignalSource, force: (exitCode: number) => void): Interruption {
  const controller = new AbortController();
  let exitCode: number | undefined;
  const listenerOf = (name: keyof typeof exitCodes) => () => {
    if (exitCode !== undefined) return force(exitCode);
    exitCode = exitCodes[name];
    controller.abort();
  };
  const listeners = { SIGINT: listenerOf("SIGINT"), SIGTERM: listenerOf("SIGTERM") };
  source.on("SIGINT", listeners.SIGINT);
  source.on("SIGTERM", listeners.SIGTERM);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    [Symbol.dispose]() {
      source.off("SIGINT", listeners.SIGINT);
      source.off("SIGTERM", listeners.SIGTERM);
    },
  };
}
