import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Place } from "./otto-process.js";

const execute = promisify(execFile);
const launcher = fileURLToPath(new URL("../bin/otto.js", import.meta.url));

/** `otto` on a pseudo terminal, and the hands and eyes of a person at it. */
export class TestTerminal implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #directory: string;
  #screen = "";

  /** Starts `otto` on a terminal of a size, under util-linux's `script`. What the terminal was like after it is kept. */
  static async open(place: Place, argv: readonly string[], size = { columns: 80, rows: 24 }): Promise<TestTerminal> {
    const directory = await mkdtemp(join(tmpdir(), "otto-terminal-"));
    const otto = [process.execPath, launcher, ...argv].map(quote).join(" ");
    const line = [
      `tty >${directory}/tty`,
      `stty rows ${size.rows} cols ${size.columns}`,
      `stty -a >${directory}/before`,
      `sh -c 'echo $$ >${directory}/pid; exec "$@"' sh ${otto}`,
      "code=$?",
      `stty -a >${directory}/after`,
      `exit $code`,
    ].join("; ");
    const env = { PATH: process.env.PATH ?? "", TERM: "xterm", SHELL: "/bin/sh", ...place.env };
    const child = spawn("script", ["--quiet", "--return", "--flush", "--command", line, "/dev/null"], {
      cwd: place.cwd,
      env,
      stdio: ["pipe", "pipe", "inherit"],
    });
    return new TestTerminal(child, directory);
  }

  private constructor(child: ChildProcess, directory: string) {
    this.#child = child;
    this.#directory = directory;
    child.stdout?.on("data", (chunk: Buffer) => {
      this.#screen += chunk.toString("latin1");
    });
  }

  /** Everything that was shown, as latin1. */
  get screen(): string {
    return this.#screen;
  }

  type(keys: string): void {
    this.#child.stdin?.write(Buffer.from(keys, "latin1"));
  }

  /** Waits until something is shown behind what was shown when `type` was called last; returns what came up to it. */
  async sees(wanted: RegExp | string): Promise<string> {
    const isShown = () => (typeof wanted === "string" ? this.#screen.includes(wanted) : wanted.test(this.#screen));
    const deadline = Date.now() + 30_000;
    while (!isShown()) {
      if (Date.now() > deadline)
        throw new Error(`waiting for ${wanted}; the screen is ${JSON.stringify(this.#screen)}`);
      await delay(20);
    }
    const shown = this.#screen;
    this.#screen = "";
    return shown;
  }

  async resize(columns: number, rows: number): Promise<void> {
    await execute("stty", ["-F", await this.#read("tty"), "rows", `${rows}`, "cols", `${columns}`]);
  }

  /** The process id of `otto`. */
  async pid(): Promise<number> {
    return Number(await this.#read("pid"));
  }

  /** Waits for the end; the exit code, and what `stty` said of the terminal before and after. */
  async finished(): Promise<{ exitCode: number | null; before: string; after: string }> {
    const [exitCode] = this.#child.exitCode === null ? await once(this.#child, "close") : [this.#child.exitCode];
    return { exitCode, before: await this.#read("before"), after: await this.#read("after") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.kill("SIGKILL")) await once(this.#child, "exit");
    await rm(this.#directory, { recursive: true });
  }

  async #read(name: string): Promise<string> {
    return (await readFile(join(this.#directory, name), "utf8")).trim();
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
