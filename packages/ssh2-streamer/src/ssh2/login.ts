import type { AnyAuthMethod, AuthHandlerMiddleware } from "ssh2";
import type { AuthAttempt } from "./auth-attempt.js";
import { chooseAttempt, noteAnswer, type Standing, startOf } from "./next-attempt.js";

/** Walks through the attempts of one connection and remembers what became of them. */
export interface Login {
  readonly handler: AuthHandlerMiddleware;
  /** The server answered an attempt with a failure: it takes these methods from now on. */
  readonly noteServerAnswer: (methods: readonly string[], isPartial: boolean) => void;
  /** An attempt came to nothing on this side: an agent that failed, a passphrase that nobody gave. */
  readonly noteOwnFailure: (text: string) => void;
  /** Labels of what was tried or could not be. */
  readonly tried: readonly string[];
  /** The methods that the server said it takes; undefined before it answered. */
  readonly offered: readonly string[] | undefined;
  /** What makes a key that could not be tried one that can. */
  readonly advice: string | undefined;
  /** The questions that nobody answered. */
  readonly unanswered: readonly string[];
}

export interface LoginSetting {
  readonly username: string;
  /** Ends the connection: an attempt could not be made ready. */
  readonly fail: (error: unknown) => void;
  /** The questions that nobody answered. */
  readonly unanswered: () => readonly string[];
}

/** Makes ssh2's `authHandler` for one connection. */
export function createLogin(attempts: readonly AuthAttempt[], { username, fail, unanswered }: LoginSetting): Login {
  let standings: readonly Standing[] = attempts.map(startOf);
  let current: Standing | undefined;
  let offered: readonly string[] | undefined;
  const tried: string[] = attempts.flatMap(({ label, prepare }) => (prepare === undefined ? [label] : []));
  const addToLast = (text: string) => tried.push(`${tried.pop()} (${text})`);
  const noteOwnFailure = (text: string) => {
    addToLast(text);
    standings = standings.filter((it) => it !== current);
    current = undefined;
  };
  const next = async (): Promise<AnyAuthMethod | false> => {
    // ssh2 1.17 goes on without a word when it shares no kind of signature with the server.
    if (current !== undefined) noteOwnFailure("no kind of signature is in common");
    for (;;) {
      current = chooseAttempt(standings, offered);
      if (offered === undefined && current?.attempt.method !== "publickey") {
        // Who has no key asks first what the server takes: nobody is asked, and nothing sent, in vain.
        current = undefined;
        return { type: "none", username };
      }
      if (current === undefined) return false;
      const { attempt, count } = current;
      const made = await attempt.prepare?.(count + 1);
      if (made !== undefined && "expanded" in made) {
        standings = standings.flatMap((it) => (it === current ? made.expanded.map(startOf) : [it]));
        tried.push(...made.failures);
        continue;
      }
      if (made === undefined) {
        standings = standings.filter((it) => it !== current);
        continue;
      }
      tried.push(attempt.label);
      return made;
    }
  };
  return {
    // What ssh2 1.17 says here of the server's answer is out of date after an agent's key.
    handler: (_methods, _partial, finish) => void next().then((method) => finish(method as AnyAuthMethod), fail),
    noteServerAnswer: (methods, isPartial) => {
      offered = methods;
      if (current === undefined) return;
      if (isPartial) addToLast("accepted, and more is wanted");
      standings = noteAnswer(standings, current, isPartial);
      current = undefined;
    },
    noteOwnFailure,
    tried,
    get offered() {
      return offered;
    },
    advice: attempts.find(({ hint }) => hint !== undefined)?.hint,
    get unanswered() {
      return unanswered();
    },
  };
}
