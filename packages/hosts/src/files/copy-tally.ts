import { PassThrough, pipeline, type Readable } from "node:stream";
import type { FileEntry } from "./file-entry.js";

/** How far a copy is. */
export interface CopyProgress {
  readonly bytes: number;
  /** Undefined where it is not known before the end. */
  readonly totalBytes: number | undefined;
}

type OnProgress = ((progress: CopyProgress) => void) | undefined;

/** Counts what goes by. */
export class Tally {
  readonly #onProgress: OnProgress;
  readonly #totalBytes: number | undefined;
  #entries = 0;
  #bytes = 0;

  constructor(onProgress: OnProgress, totalBytes: number | undefined) {
    this.#onProgress = onProgress;
    this.#totalBytes = totalBytes;
  }

  get sums(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#entries, bytes: this.#bytes };
  }

  async *follow(entries: AsyncIterable<FileEntry>, mode: number | undefined): AsyncGenerator<FileEntry> {
    for await (const entry of entries) {
      this.#entries += 1;
      if (entry.kind !== "file") yield entry;
      else yield { ...entry, mode: mode ?? entry.mode, content: () => this.#count(entry.content(), entry.sizeBytes) };
    }
  }

  #count(content: Readable, sizeBytes: number): Readable {
    const onProgress = this.#onProgress;
    if (onProgress === undefined) {
      this.#bytes += sizeBytes;
      return content;
    }
    const counter = new PassThrough();
    content.on("data", (chunk: Buffer) => {
      this.#bytes += chunk.length;
      onProgress({ bytes: this.#bytes, totalBytes: this.#totalBytes });
    });
    return pipeline(content, counter, () => {});
  }
}
