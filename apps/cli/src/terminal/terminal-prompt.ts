import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import type { SshPrompt, SshPromptHandler } from "@otto/docker";
import { abortable, anySignal, escapeControls } from "@otto/errors";
import { createHiddenMode } from "./terminal-mode.js";

export interface TerminalPromptOptions {
  /** Withdraws every question. */
  readonly signal: AbortSignal;
  /** Runs what asks, while nothing else is drawn on the terminal. */
  readonly undisturbed: <T>(ask: () => Promise<T>) => Promise<T>;
}

/**
 * Asks on the terminal of this process, even if its standard streams are redirected, for one login after the other. Without a
 * terminal, or when the user ends the input (Ctrl-D), there is no answer.
 */
export function createTerminalPrompt({ signal, undisturbed }: TerminalPromptOptions): SshPromptHandler {
  let last: Promise<unknown> = Promise.resolve();
  return (prompt, waiting) => {
    const wanted = anySignal(waiting, signal);
    const turn = last.then(() => undisturbed(() => askAtTerminal(prompt, wanted)));
    last = turn.catch(() => {});
    return abortable(turn, wanted);
  };
}

/** Asks a question that has a yes and a no, Return being yes. @returns undefined where there is no terminal or no answer */
export async function askYesNo(question: string, signal: AbortSignal): Promise<boolean | undefined> {
  signal.throwIfAborted();
  using terminal = openTerminal(signal);
  const answer = await terminal?.ask(`${escapeControls(question)} [Y/n] `, true);
  return answer === undefined ? undefined : /^(?:y|yes|)$/i.test(answer.trim());
}

async function askAtTerminal(prompt: SshPrompt, signal: AbortSignal): Promise<readonly string[] | undefined> {
  signal.throwIfAborted();
  using terminal = openTerminal(signal);
  if (terminal === undefined) return undefined;
  for (const line of formatHeading(prompt)) terminal.write(`${line}\n`);
  const answers: string[] = [];
  for (const { text, echo } of prompt.questions) {
    const lines = formatQuestion(prompt, text);
    for (const line of lines.slice(0, -1)) terminal.write(`${line}\n`);
    const answer = await terminal.ask(lines.at(-1) ?? "", echo);
    if (answer === undefined) return undefined;
    answers.push(answer);
  }
  return answers;
}

/** What the server says above its questions, and that an answer was wrong. */
export function formatHeading({ name, instruction, ...prompt }: SshPrompt): readonly string[] {
  const said = [name, ...instruction.split("\n")].filter((line) => line.trim() !== "");
  const again = prompt.attempt > 1 ? [escapeControls(`${prompt.host}: refused, please try again`)] : [];
  return [...again, ...said.map((line) => markAsServers(prompt, line))];
}

/** The lines of a question; the last one is where the answer is typed. */
export function formatQuestion(prompt: SshPrompt, text: string): readonly string[] {
  if (prompt.kind !== "keyboard-interactive") return [escapeControls(`${prompt.host}: ${text}`)];
  const lines = text.split("\n");
  return lines
    .filter((line, index) => line.trim() !== "" || index === lines.length - 1)
    .map((line) => markAsServers(prompt, line));
}

/** As OpenSSH marks the words of a server, on each line: one could ask for the passphrase of a key in otto's own words. */
function markAsServers({ host, user }: Pick<SshPrompt, "host" | "user">, line: string): string {
  return escapeControls(`(${user}@${host}) ${line}`);
}

interface OpenTerminal extends Disposable {
  write(text: string): void;
  /** One line that is typed; undefined at the end of the input. */
  ask(question: string, echo: boolean): Promise<string | undefined>;
}

/** @returns undefined where this process has no terminal */
function openTerminal(signal: AbortSignal): OpenTerminal | undefined {
  let output: number;
  let input: ReadStream;
  try {
    output = openSync("/dev/tty", "w");
  } catch {
    return undefined;
  }
  try {
    input = new ReadStream(openSync("/dev/tty", "r"));
  } catch {
    closeSync(output);
    return undefined;
  }
  dropTyped();
  const write = (text: string) => void writeSync(output, text);
  const lines = new LineReader(input, signal);
  return {
    write,
    ask: async (question, echo) => {
      using _ = echo ? undefined : createHiddenMode(output, () => write(question));
      write(question);
      try {
        const line = await lines.next();
        if (line === undefined) write("\n");
        return line;
      } catch (error) {
        write("\n");
        throw error;
      }
    },
    [Symbol.dispose]: () => {
      input.destroy();
      dropTyped();
      closeSync(output);
    },
  };
}

/** Takes away what was typed for no question, as OpenSSH does: it would be an answer, and after us a command of the shell. */
function dropTyped(): void {
  const input = openSync("/dev/tty", constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    while (readSync(input, Buffer.alloc(4096)) > 0);
  } catch {
    // There is no more.
  } finally {
    closeSync(input);
  }
}

/** The terminal gives a line when it is ended by Return: until then it can be corrected there. */
class LineReader {
  readonly #input: ReadStream;
  readonly #signal: AbortSignal;
  #rest = "";

  constructor(input: ReadStream, signal: AbortSignal) {
    this.#input = input;
    this.#signal = signal;
    input.setEncoding("utf8");
  }

  next(): Promise<string | undefined> {
    const input = this.#input;
    const signal = this.#signal;
    return new Promise((resolve, reject) => {
      const settle = () => {
        input.pause().removeAllListeners();
        signal.removeEventListener("abort", onAbort);
      };
      const onAbort = () => {
        settle();
        reject(signal.reason as Error);
      };
      const take = (text: string) => {
        this.#rest += text;
        const end = this.#rest.indexOf("\n");
        if (end === -1) return;
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        settle();
        resolve(line);
      };
      const onEnd = () => {
        settle();
        resolve(undefined);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      input.on("data", take).once("end", onEnd).once("error", onEnd);
      input.resume();
      if (signal.aborted) onAbort();
      else take("");
    });
  }
}
