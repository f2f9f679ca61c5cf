import { abortable } from "@otto/errors";
import type { SshPrompt, SshPromptHandler } from "ssh2-streamer";

/**
 * Asks for the passphrase of a key, and for the password of a login, once for all connections that need it. What a server asks
 * otherwise, such as a one-time code, is asked each time.
 */
export function rememberAnswers(onPrompt: SshPromptHandler): SshPromptHandler {
  const answers = new Map<string, readonly string[]>();
  const turns = new Map<string, Promise<unknown>>();
  /** What a connection was answered, by its signal. */
  const given = new WeakMap<AbortSignal, Map<string, readonly string[]>>();
  return (prompt, signal) => {
    const key = keyOf(prompt);
    if (key === undefined) return onPrompt(prompt, signal);
    const ask = async () => {
      signal.throwIfAborted();
      const before = given.get(signal) ?? new Map<string, readonly string[]>();
      const known = answers.get(key);
      // The same one again was wrong.
      const answer = known !== undefined && before.get(key) !== known ? known : await onPrompt(prompt, signal);
      if (answer === undefined) return undefined;
      answers.set(key, answer);
      given.set(signal, before.set(key, answer));
      return answer;
    };
    const turn = (turns.get(key) ?? Promise.resolve()).then(ask);
    turns.set(
      key,
      turn.catch(() => {}),
    );
    return abortable(turn, signal);
  };
}

function keyOf({ kind, host, address, user, keyPath }: SshPrompt): string | undefined {
  if (kind === "password") return JSON.stringify([kind, host, address, user]);
  return kind === "passphrase" && keyPath !== undefined ? JSON.stringify([kind, keyPath]) : undefined;
}
