/** A file or directory of this machine, or a text, and its place in a tree. `remotePath` is relative, without `..`. */
export type TreeFile = LocalTreeFile | { readonly remotePath: string; readonly content: string };

export interface LocalTreeFile {
  readonly remotePath: string;
  readonly localPath: string;
  /** `build`: a context, of which only what its builds see is sent. */
  readonly kind?: string | undefined;
  /**
   * Who builds from it; of `build` also by which Dockerfile: `.dockerignore` rules where there is none.
   */
  readonly builds?: readonly { readonly service: string; readonly dockerfile: string | undefined }[] | undefined;
  /** Of a directory that is no `build`: lines of a `.dockerignore` that leave out some of it. Default: none. */
  readonly ignore?: readonly string[] | undefined;
}

/** One entry of a staged tree. `path` is relative, `mode` the permission bits. */
export type TreeEntry = FileTreeEntry | DirectoryTreeEntry | SymlinkTreeEntry;

export interface FileTreeEntry {
  readonly kind: "file";
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  /** SHA-256, 64 hex digits. */
  readonly digest: string;
  /** Its bytes. Fails with `STAGING_FILE_CHANGED`, before the last of them, when they are not those of the digest. */
  read(): Iterable<Buffer> | AsyncIterable<Buffer>;
}

export interface DirectoryTreeEntry {
  readonly kind: "directory";
  readonly path: string;
  readonly mode: number;
}

export interface SymlinkTreeEntry {
  readonly kind: "symlink";
  readonly path: string;
  readonly target: string;
}

/** What a manifest keeps of an entry: equal texts mean that nothing has to be sent. */
export function formatEntry(entry: TreeEntry): string {
  if (entry.kind === "symlink") return `link ${entry.target}`;
  if (entry.kind === "directory") return `dir ${entry.mode.toString(8)}`;
  return `file ${entry.mode.toString(8)} ${entry.digest}`;
}
