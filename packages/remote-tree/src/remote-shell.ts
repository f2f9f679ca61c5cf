import type { Readable } from "node:stream";

export interface ShellOutcome {
  readonly exitCode: number;
  /** What it wrote to stdout, and to stderr where the script joins them; names of any bytes as `decodePath` of `@otto/hashing` reads them. */
  readonly output: string;
}

/** Runs shell scripts on a parent. Staging needs no more of it than this. */
export interface RemoteShell {
  /** @param options `input`: read by the script as its stdin; default empty */
  run(script: string, options?: { input?: Readable | undefined }): Promise<ShellOutcome>;
}
