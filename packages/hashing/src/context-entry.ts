/** 64 hex digits of a SHA-256. */
export type Digest = string;

/**
 * One entry of a build context. `path` is relative, `/`-separated, without a leading `./`; bytes that are not UTF-8 are
 * kept as `decodePath` reads them, in `target` too.
 */
export type ContextEntry = FileEntry | DirectoryEntry | SymlinkEntry;

export interface FileEntry {
  readonly path: string;
  readonly kind: "file";
  /** Bytes. */
  readonly size: number;
  /** The owner may execute it. */
  readonly executable: boolean;
  readonly digest: Digest;
  /**
   * The first entry that is the same file on disk, under another name (a hard link). The builder makes a link of it, too.
   * Not in the hash: a clone has copies, and the content is the same.
   */
  readonly sameAs?: string;
}

export interface DirectoryEntry {
  readonly path: string;
  readonly kind: "directory";
}

export interface SymlinkEntry {
  readonly path: string;
  readonly kind: "symlink";
  /** As the link holds it; never followed. */
  readonly target: string;
}
