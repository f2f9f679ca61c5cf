import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("stack-process.mjs", import.meta.url));

export type ChildAction = "up" | "down" | "use" | "own" | "test" | "break";

/** Processes that work on a stack, each with a lab of its own. */
export interface StackChildren {
  readonly start: (action: ChildAction, labName?: string) => ChildProcess;
  readonly killAll: () => void;
}

/** @param place the repo's root, and the home of who runs them */
export function createStackChildren(place: () => { readonly root: string; readonly home: string }): StackChildren {
  const children = new Set<ChildProcess>();
  return {
    start(action, labName = "lab") {
      const { root, home } = place();
      const argv = [program, root, home, labName, action];
      const child = spawn(process.execPath, argv, { stdio: "pipe" });
      children.add(child);
      return child;
    },
    killAll() {
      for (const child of children) child.kill("SIGKILL");
      children.clear();
    },
  };
}

/** @returns the exit code; null when it was killed */
export async function endOf(child: ChildProcess): Promise<number | null> {
  return (await once(child, "exit"))[0] as number | null;
}

/** Waits until the process has ended well; the error of one that has not is what it said. */
export async function endWell(child: ChildProcess): Promise<void> {
  const [exitCode, words] = await Promise.all([endOf(child), wordsOf(child)]);
  if (exitCode !== 0) throw new Error(`the process ended with ${exitCode}:\n${words}`);
}

async function wordsOf({ stderr }: ChildProcess): Promise<string> {
  return stderr === null ? "" : text(stderr);
}

/** Waits until the process says a word; one that ends before is an error. */
export async function says(child: ChildProcess, word: string): Promise<void> {
  let said = "";
  for await (const chunk of child.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    said += String(chunk);
    if (said.includes(word)) return;
  }
  throw new Error(`the process ended before it said ${word}:\n${await wordsOf(child)}`);
}
