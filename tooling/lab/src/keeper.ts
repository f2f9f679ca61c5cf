import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A shell that waits for the end of our stdin to it, then cleans up: it does so when this process is killed, too. */
export interface Keeper {
  readonly pid: number;
  /** Lets the shell clean up and waits until it has. */
  release(): Promise<void>;
}

const preamble = `
trap '' INT TERM HUP
# From the top, held: an sshd must not report the end of what it runs.
stop_tree() {
  kill -STOP $1 2>/dev/null
  for child in $(cat /proc/$1/task/$1/children 2>/dev/null); do stop_tree $child; done
  kill -KILL $1 2>/dev/null
}
`;

/** Starts `program -args…`, and ends it with all its descendants at release. */
export function keepRunning(program: string, args: readonly string[]): Keeper {
  return startKeeper(`"$@" </dev/null & child=$!\ncat\nstop_tree $child\nwait\n`, [program, ...args]);
}

/** Runs `script` (shell text, with `args` as its arguments) at release. */
export function keepUntilRelease(script: string, args: readonly string[]): Keeper {
  return startKeeper(`cat\n${script}\n`, args);
}

function startKeeper(script: string, args: readonly string[]): Keeper {
  return startHeld(["sh", "-c", preamble + script, "lab-keeper", ...args]);
}

/** A program that ends by itself when our stdin to it ends. */
export interface HeldProcess extends Keeper {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
}

/**
 * Starts such a program, in a session of its own.
 * @param output what becomes of its stdout and stderr. Default: nothing
 */
export function startHeld(
  [program = "", ...args]: readonly string[],
  output: readonly ["ignore" | "pipe", "ignore" | "pipe"] = ["ignore", "ignore"],
): HeldProcess {
  const child = spawn(program, args, { detached: true, stdio: ["pipe", ...output] });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  const ended = once(child, "exit");
  let released: Promise<void> | undefined;
  if (child.pid === undefined) throw new Error(`lab: ${program} is missing`);
  return {
    child,
    pid: child.pid,
    ended,
    release: () => {
      released ??= endHeld(child, ended);
      return released;
    },
  };
}

async function endHeld(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.ref();
  child.stdin?.end();
  await ended;
}
