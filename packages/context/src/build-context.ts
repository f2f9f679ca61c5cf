import type { Readable } from "node:stream";
import type { OttoError } from "@otto/errors";
import type { ContextEntry, Digest, FileEntry } from "@otto/hashing";
import type { ContextReach } from "./context-reach.js";

/** A directory as the builder sees it. */
export interface ContextTree {
  /** Absolute, with symbolic links resolved. */
  readonly root: string;
  /** How much of it the build can read. */
  readonly reach: ContextReach;
  /** What `COPY . /` puts into an image, as far as the reach goes, in the order BuildKit sends it. */
  readonly entries: readonly ContextEntry[];
  /** What the rules let through and no builder can be given. A build that reads one of these fails with its error. */
  readonly unsendable: readonly UnsendableEntry[];
  /** The rules that were applied. */
  readonly ignoreFile: IgnoreFile | undefined;
  /**
   * Streams a file's bytes, opening it at the first read. The stream fails with CONTEXT_FILE_CHANGED, naming the path,
   * when they are not the bytes that were hashed; until its end comes nothing is certain. The caller destroys a stream
   * that it does not read to the end.
   */
  openFile(entry: FileEntry): Readable;
  /** The same in pieces, without what a stream costs for each of many small files. */
  readFile(entry: FileEntry): Iterable<Buffer> | AsyncIterable<Buffer>;
}

/** A socket, FIFO or device, or what cannot be read; of a directory, what is in it. */
export interface UnsendableEntry {
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink" | "FIFO" | "socket" | "device";
  /** `CONTEXT_ENTRY_UNSUPPORTED` or `CONTEXT_UNREADABLE`. */
  readonly error: OttoError;
}

/** Everything that goes to the engine for one build, and its hash. */
export interface BuildContext extends ContextTree {
  readonly dockerfile: ContextDockerfile;
  readonly namedContexts: readonly NamedContext[];
  /** 64 hex digits. */
  readonly hash: string;
}

export interface ContextDockerfile {
  /** Absolute. */
  readonly path: string;
  /** Its place in the context; nothing when it lies outside. */
  readonly contextPath: string | undefined;
  readonly content: Buffer;
  readonly digest: Digest;
  /** It lies in the context but is not among the entries. */
  readonly ignored: boolean;
}

export interface IgnoreFile {
  /** Absolute. */
  readonly path: string;
  /** Its place in the context; nothing when it lies outside, beside the Dockerfile. */
  readonly contextPath: string | undefined;
  readonly content: Buffer;
  readonly patterns: readonly string[];
}

/** A further context of the build. */
export type NamedContext =
  | (ContextTree & { readonly kind: "local"; readonly name: string })
  | { readonly kind: "reference"; readonly name: string; readonly reference: string };
