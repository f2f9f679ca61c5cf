import { Terminal } from "@xterm/headless";

/** What a person sees on a terminal that shows these bytes: emulated, as a terminal wraps, moves and clears by itself. */
export class Screen {
  readonly #terminal: Terminal;

  constructor(size: { readonly columns: number; readonly rows: number }) {
    this.#terminal = new Terminal({ cols: size.columns, rows: size.rows, scrollback: 1000, allowProposedApi: true });
  }

  /** @param bytes as latin1 */
  async write(bytes: string): Promise<void> {
    await new Promise<void>((resolve) => this.#terminal.write(Buffer.from(bytes, "latin1"), resolve));
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  /** All lines, those that have gone up too, without the empty ones at the end. */
  get lines(): readonly string[] {
    const { active } = this.#terminal.buffer;
    const lines = Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? "");
    return lines.slice(0, lines.findLastIndex((line) => line !== "") + 1);
  }

  /** Whether a line is the rest of the one before, which was too long. */
  get wrapped(): number {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: active.length }, (_, y) => active.getLine(y)?.isWrapped === true).filter(Boolean)
      .length;
  }
}
