interface EntryPlace {
  /** From the copied path, which is "" itself; parts are joined by `/`. */
  readonly path: string;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** One thing that is copied. A directory comes before what is in it. */
export type FileEntry = EntryPlace &
  (
    | {
        readonly kind: "file";
        /** Permission bits. */
        readonly mode: number;
        readonly sizeBytes: number;
        /** Its bytes; called once, and read to its end before the next entry is asked for. */
        readonly content: () => AsyncIterable<Buffer>;
      }
    | { readonly kind: "directory"; readonly mode: number }
    | { readonly kind: "symlink"; readonly target: string }
    /** Another name of a file that came before. */
    | { readonly kind: "hardlink"; readonly target: string }
  );

/** What stands at a path. */
export type FileKind = "none" | "file" | "directory" | "symlink" | "other";

/** What was found at a path. */
export interface FoundFile {
  readonly kind: FileKind;
  /** Where links lead, if they were followed. */
  readonly path: string;
  readonly sizeBytes?: number | undefined;
}

/** Bits of a mode that are copied: set-user-ID, set-group-ID and the sticky bit are not. */
export const permissionBits = 0o777;
