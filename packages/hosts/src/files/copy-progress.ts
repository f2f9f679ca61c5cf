import type { FileEntry } from "./file-entry.js";

/** How far a copy is. */
export interface CopyProgress {
  readonly bytes: number;
  /** Undefined where it is not known before the end. */
  readonly totalBytes: number | undefined;
}

type OnProgress = ((progress: CopyProgress) => void) | undefined;

/** Counts what goes by. */
export class ProgressCounter {
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
      else if (this.#onProgress === undefined && mode === undefined) {
        this.#bytes += entry.sizeBytes;
        yield entry;
      } else yield { ...entry, mode: mode ?? entry.mode, content: () => this.#count(entry.content(), entry.sizeBytes) };
    }
  }

  #count(content: AsyncIterable<Buffer>, sizeBytes: number): AsyncIterable<Buffer> {
    const onProgress = this.#onProgress;
    if (onProgress !== undefined) return this.#tell(content, onProgress);
    this.#bytes += sizeBytes;
    return content;
  }

  async *#tell(content: AsyncIterable<Buffer>, onProgress: NonNullable<OnProgress>): AsyncGenerator<Buffer> {
    for await (const chunk of content) {
      this.#bytes += chunk.length;
      onProgress({ bytes: this.#bytes, totalBytes: this.#totalBytes });
      yield chunk;
    }
  }
}
