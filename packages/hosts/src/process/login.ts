import { finished, type Readable, type Writable } from "node:stream";
import { type RemoteProcess, toExitCode } from "ssh2-streamer";

/** A terminal that somebody sits at: `process.stdin` and `process.stdout`. */
export interface LoginTerminal {
  readonly input: Readable & { readonly fd?: number };
  /** Emits `resize` when its size changes. */
  readonly output: Writable & { readonly columns?: number; readonly rows?: number; readonly fd?: number };
  /** Turns the terminal's own handling of keys and lines off, and on again. */
  setRawMode(raw: boolean): void;
}

export interface LoginOptions {
  /** What kind of terminal it is. Default `xterm-256color`. */
  readonly term?: string | undefined;
  /** Ends the login. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a program may have left on a terminal when the link broke: the other screen, a hidden cursor, keys that send
 * other codes, bracketed paste, reports of the mouse, colours.
 * @see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
 */
const restoreScreen = "\u001b[?1049l\u001b[?25h\u001b[?1l\u001b>\u001b[?2004l\u001b[?1000;1002;1003;1006l\u001b[m\r\n";

export function sizeOf({ output }: LoginTerminal): { columns: number; rows: number } {
  return { columns: output.columns || 80, rows: output.rows || 24 };
}

/**
 * Joins a process that has a terminal of its own with the user's, until it ends. The user's terminal is left as it was,
 * also when the link breaks.
 * @returns the exit code
 */
export async function showProcess(process: RemoteProcess, terminal: LoginTerminal): Promise<number> {
  const { input, output } = terminal;
  const resize = () => {
    const { columns, rows } = sizeOf(terminal);
    process.resize(columns, rows);
  };
  terminal.setRawMode(true);
  output.on("resize", resize);
  // It may have changed since the process was started.
  resize();
  input.pipe(process.stdin);
  process.stdout.pipe(output, { end: false });
  const shown = new Promise<void>((resolve) => finished(process.stdout, { writable: false }, () => resolve()));
  process.stderr.resume();
  try {
    const exit = await process.exit;
    await shown;
    return toExitCode(exit);
  } catch (error) {
    output.write(restoreScreen);
    throw error;
  } finally {
    input.unpipe(process.stdin).pause();
    process.stdout.unpipe(output);
    output.off("resize", resize);
    terminal.setRawMode(false);
  }
}
