import { execFile } from "node:child_process";
import { constants, openSync } from "node:fs";
import { chmod, type FileHandle, open, writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { quoteWord } from "@otto/errors";
import type { ProgramEnvironment } from "../transport/transport.js";

const run = promisify(execFile);

/**
 * Answers what `ssh` asks; undefined: there is no answer. Where it throws, `ssh` is about to be ended and hears nothing: it
 * would take no answer for an empty one, and send that.
 */
export type Answer = (question: readonly string[]) => Promise<string | undefined>;

/** A program that `ssh` runs to ask this process. */
export interface Questions extends AsyncDisposable {
  /** Absolute path of the program: its arguments are the question, its output is the answer. */
  readonly program: string;
}

/** Bytes. A server's prompt is no longer than a packet. */
const longestQuestion = 1 << 20;

/**
 * Makes such a program in a private directory. Questions and answers pass through FIFOs of the directory: an answer is in
 * no argument, variable or file.
 */
export async function openQuestions(directory: string, env: ProgramEnvironment, answer: Answer): Promise<Questions> {
  const [program, asked, answered] = ["ask", "asked", "answered"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await run("mkfifo", ["-m", "600", asked, answered], { env: { ...env } });
  await writeFile(program, formatProgram(asked, answered), { mode: 0o700 });
  await chmod(program, 0o700);
  // Both ways, so that neither side has to wait for the other one to open it.
  const flags = constants.O_RDWR | constants.O_NONBLOCK;
  const answers = await open(answered, flags);
  const socket = new Socket({ fd: openSync(asked, flags), readable: true, writable: false });
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (text.length > longestQuestion) return socket.destroy();
    const question = parseQuestion(text);
    if (question === undefined) return;
    text = "";
    void reply(answers, answer, question);
  });
  return {
    program,
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      await answers.close();
    },
  };
}

async function reply(answers: FileHandle, answer: Answer, question: readonly string[]): Promise<void> {
  try {
    const said = await answer(question);
    const line = said === undefined || said.includes("\n") ? "!" : `=${said}`;
    await answers.write(`${line}\n`);
  } catch {
    // The login is over.
  }
}

/** The number of its words, and the words, each with a NUL after it; undefined: not all of it is here. */
function parseQuestion(text: string): readonly string[] | undefined {
  const [count, ...words] = text.split("\0");
  return words.length > Number(count) ? words.slice(0, Number(count)) : undefined;
}

// A FIFO whose other end nobody has opened would hold the program for ever: it ends when our process is gone.
function formatProgram(asked: string, answered: string): string {
  return `#!/bin/sh
# Without an answer, ssh goes on with empty passwords.
end() { kill "$PPID"; exit 1; }
# It is told of what waits for a touch, and must not wait itself.
[ "\${SSH_ASKPASS_PROMPT:-}" != none ] || exit 0
kill -0 ${process.pid} 2>/dev/null || end
printf '%s\\0' "$#" "$@" >${quoteWord(asked)}
IFS= read -r answer <${quoteWord(answered)} || end
case $answer in
=*) printf '%s\\n' "\${answer#=}" ;;
*) exit 1 ;;
esac
`;
}
