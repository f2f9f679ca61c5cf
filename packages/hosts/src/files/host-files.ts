import type { FileEntry, FoundFile } from "./file-entry.js";

export interface LookOptions {
  /** Whether to say what a link leads to, rather than that it is one. */
  readonly follow: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface SendOptions {
  /** What was found at the path. */
  readonly kind: FoundFile["kind"];
  readonly signal: AbortSignal | undefined;
  /** Told of a file that changed while it was read; it is sent as far as it was read. */
  readonly onWarning?: ((message: string) => void) | undefined;
}

export interface ReceiveOptions {
  readonly signal: AbortSignal | undefined;
}

/** The files of a host, seen from one copy. */
export interface HostFiles {
  /** For messages. */
  readonly name: string;
  /** A path as this host takes it. */
  absolute(path: string): string;
  /** Of this machine alone: a path without links, as far as it is there. */
  realPath?(path: string): Promise<string>;
  /** What is at each path, in their order. */
  look(paths: readonly string[], options: LookOptions): Promise<readonly FoundFile[]>;
  /** All bytes of files in a directory, where that is known without copying it. */
  measure?(path: string, signal: AbortSignal | undefined): Promise<number>;
  /** Gives the path's own entry, named "", and all below it. */
  send(path: string, options: SendOptions): AsyncIterable<FileEntry>;
  /**
   * Takes entries into a directory, which is made. Nothing that is there changes before the last entry has come; what
   * stands under an entry's name is then replaced, a directory is merged.
   * @throws OttoError `FILES_COPY_FAILED`, `FILES_CONFLICT`; what `entries` throws
   */
  receive(directory: string, entries: AsyncIterable<FileEntry>, options: ReceiveOptions): Promise<void>;
}
