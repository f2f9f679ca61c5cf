import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { quoteWord } from "@otto/errors";
import { engineEnvironment } from "@otto/lab";
import type { Place } from "./otto-process.js";

const execute = promisify(execFile);
const launcher = fileURLToPath(new URL("../bin/otto.js", import.meta.url));

/** How long something may take to come, in milliseconds; half of a test's own time. */
const patience = 60_000;

/** `otto` on a pseudo terminal, and the hands and eyes of a person at it. */
export class TestTerminal implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #directory: string;
  #screen = "";

  /**
   * Starts `otto` on a terminal of a size, under util-linux's `script`. What the terminal was like after it is kept.
   * @param size `redirection`: what a shell takes behind the command, such as `>file`
   */
  static async open(
    place: Place,
    argv: readonly string[],
    size: { readonly columns: number; readonly rows: number; readonly redirection?: string } = {
      columns: 80,
      rows: 24,
    },
  ): Promise<TestTerminal> {
    const directory = await mkdtemp(join(tmpdir(), "otto-terminal-"));
    const otto = [process.execPath, launcher, ...argv].map(quoteWord).join(" ");
    const line = [
      // Ctrl-C is for otto; this shell has to look at the terminal after it.
      "trap : INT",
      `tty >${directory}/tty`,
      `stty rows ${size.rows} cols ${size.columns}`,
      `stty -a >${directory}/before`,
      `sh -c 'echo $$ >${directory}/pid; exec "$@"' sh ${otto} ${size.redirection ?? ""}`,
      "code=$?",
      `stty -a >${directory}/after`,
      `exit $code`,
    ].join("; ");
    const env = { PATH: process.env.PATH ?? "", TERM: "xterm", SHELL: "/bin/sh", ...engineEnvironment(), ...place.env };
    const child = spawn("script", ["--quiet", "--return", "--flush", "--command", line, "/dev/null"], {
      cwd: place.cwd,
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    return new TestTerminal(child, directory);
  }

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    // Then all that it showed has been read.
    this.#closed = once(child, "close");
    this.#directory = directory;
    child.stdout?.on("data", (chunk: Buffer) => {
      this.#screen += chunk.toString("latin1");
    });
  }

  /** Everything that was shown behind what was waited for last, as latin1. */
  get screen(): string {
    return this.#screen;
  }

  /** Gives what is shown from now on, as latin1, as it comes. */
  follow(listener: (shown: string) => void): void {
    this.#child.stdout?.on("data", (chunk: Buffer) => listener(chunk.toString("latin1")));
  }

  type(keys: string): void {
    this.#child.stdin?.write(Buffer.from(keys, "latin1"));
  }

  /** Waits until something is shown behind what was waited for last; returns what came up to its end. */
  async sees(wanted: RegExp | string): Promise<string> {
    const deadline = Date.now() + patience;
    for (let end = this.#endOf(wanted); ; end = this.#endOf(wanted)) {
      if (end !== undefined) return this.#take(end);
      if (Date.now() > deadline) throw this.#waitingFor(wanted);
      await delay(20);
    }
  }

  #waitingFor(what: RegExp | string): Error {
    return new Error(`waiting for ${what}; the screen is ${JSON.stringify(this.#screen)}`);
  }

  #endOf(wanted: RegExp | string): number | undefined {
    if (typeof wanted !== "string") {
      const found = wanted.exec(this.#screen);
      return found === null ? undefined : found.index + found[0].length;
    }
    const at = this.#screen.indexOf(wanted);
    return at === -1 ? undefined : at + wanted.length;
  }

  #take(end: number): string {
    const shown = this.#screen.slice(0, end);
    this.#screen = this.#screen.slice(end);
    return shown;
  }

  async resize(columns: number, rows: number): Promise<void> {
    await execute("stty", ["-F", await this.#read("tty"), "rows", `${rows}`, "cols", `${columns}`]);
  }

  /** Does something while `otto` is stopped and all that it wrote before was seen. */
  async whileStopped(work: () => Promise<void>): Promise<void> {
    const pid = await this.pid();
    process.kill(pid, "SIGSTOP");
    try {
      await waitUntilStopped(pid);
      // A title, which no emulator shows.
      const mark = "\u001b]0;otto is stopped\u0007";
      await writeFile(await this.#read("tty"), mark);
      await this.sees(mark);
      await work();
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }

  /** What `stty` says of the terminal now. */
  async mode(): Promise<string> {
    const { stdout } = await execute("stty", ["-F", await this.#read("tty"), "-a"]);
    return stdout.trim();
  }

  /** The process id of `otto`. */
  async pid(): Promise<number> {
    return Number(await this.#read("pid"));
  }

  /** Waits for the end; the exit code, and what `stty` said of the terminal before and after. */
  async finished(): Promise<{ exitCode: number | null; before: string; after: string }> {
    const late = Symbol("late");
    if ((await Promise.race([this.#closed, delay(patience, late, { ref: false })])) === late) {
      throw this.#waitingFor("the end");
    }
    return { exitCode: this.#child.exitCode, before: await this.#read("before"), after: await this.#read("after") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
    await rm(this.#directory, { recursive: true });
  }

  async #read(name: string): Promise<string> {
    return (await readFile(join(this.#directory, name), "utf8")).trim();
  }
}

async function waitUntilStopped(pid: number): Promise<void> {
  const isStopped = async () => /^State:\s+T/m.test(await readFile(`/proc/${pid}/status`, "utf8"));
  while (!(await isStopped())) await delay(5);
}
