import type { AnyAuthMethod, AuthenticationType, AuthHandlerMiddleware } from "ssh2";
import type { AuthAttempt } from "./credential.js";

/** Walks through the attempts of one connection and remembers what became of them. */
export interface Login {
  readonly handler: AuthHandlerMiddleware;
  /** Labels of what was tried or could not be. */
  readonly tried: readonly string[];
  /** The methods that the server said it takes; undefined before it answered. */
  readonly offered: readonly string[] | undefined;
  /** What makes a key that could not be tried one that can. */
  readonly advice: string | undefined;
  /** The agent failed; the attempt after it is under way. */
  noteAgentFailure(text: string): void;
}

/** Makes ssh2's `authHandler` for one connection. */
export function createLogin(attempts: readonly AuthAttempt[]): Login {
  const left = [...attempts];
  const tried: string[] = [];
  let offered: readonly string[] | undefined;
  const next = (methods: readonly AuthenticationType[] | null): AnyAuthMethod | false => {
    if (methods !== null) offered = methods;
    for (let attempt = left.shift(); attempt !== undefined; attempt = left.shift()) {
      const isTaken = methods === null || methods.includes(attempt.method);
      if (attempt.auth === undefined || isTaken) tried.push(attempt.label);
      if (attempt.auth !== undefined && isTaken) return attempt.auth;
    }
    return false;
  };
  return {
    handler: (methods, _partial, finish) => finish(next(methods) as AnyAuthMethod),
    tried,
    get offered() {
      return offered;
    },
    advice: attempts.find(({ hint }) => hint !== undefined)?.hint,
    noteAgentFailure: (text) => tried.push(text),
  };
}
