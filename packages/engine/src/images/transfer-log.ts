import type { Json } from "@otto/errors";
import { textField } from "../connection/json-lines.js";

/** What a push or a pull says while it runs. */
export type TransferProgress =
  | { readonly type: "layer"; readonly layer: string; readonly state: "existing" | "transferred" }
  /** The engine lost the registry, or was refused by it, and tries again after so long. Told once for each wait. */
  | { readonly type: "retrying"; readonly layer: string; readonly afterSeconds: number }
  /** Sums over the layers that are under way or done; `totalBytes` grows as the engine gets to know them. */
  | { readonly type: "bytes"; readonly bytes: number; readonly totalBytes: number };

interface Layer {
  readonly bytes: number;
  readonly totalBytes: number;
}

/** Follows the lines of a push or a pull: tells each layer once, and the sums of their bytes. */
export class TransferLog {
  readonly #onProgress: (progress: TransferProgress) => void;
  readonly #layers = new Map<string, Layer>();
  /** How long each layer's wait lasts still, which the engine says each second. */
  readonly #waits = new Map<string, number>();
  #sum: Layer = { bytes: 0, totalBytes: 0 };

  constructor(onProgress: (progress: TransferProgress) => void) {
    this.#onProgress = onProgress;
  }

  follow(line: Json): void {
    const layer = textField(line, "id");
    const status = textField(line, "status");
    if (layer === undefined || status === undefined) return;
    this.#noteWait(layer, status);
    if (status === "Pushing" || status === "Downloading") this.#transfer(layer, line);
    const state = stateOf(status);
    if (state === undefined) return;
    const { totalBytes = 0 } = this.#layers.get(layer) ?? {};
    if (totalBytes > 0) this.#set(layer, { bytes: totalBytes, totalBytes });
    this.#onProgress({ type: "layer", layer, state });
  }

  #noteWait(layer: string, status: string): void {
    const [, seconds] = /^Retrying in (\d+) seconds?$/.exec(status) ?? [];
    const before = this.#waits.get(layer) ?? 0;
    if (seconds === undefined) {
      this.#waits.delete(layer);
      return;
    }
    this.#waits.set(layer, Number(seconds));
    if (Number(seconds) > before) this.#onProgress({ type: "retrying", layer, afterSeconds: Number(seconds) });
  }

  #transfer(layer: string, line: Json): void {
    const { current = 0, total = 0 } = readDetail(line);
    // The engine counts a layer's framing too, and not in its total.
    if (total > 0) this.#set(layer, { bytes: Math.min(current, total), totalBytes: total });
  }

  #set(id: string, layer: Layer): void {
    const { bytes, totalBytes } = this.#layers.get(id) ?? { bytes: 0, totalBytes: 0 };
    this.#layers.set(id, layer);
    this.#sum = {
      bytes: this.#sum.bytes + layer.bytes - bytes,
      totalBytes: this.#sum.totalBytes + layer.totalBytes - totalBytes,
    };
    this.#onProgress({ type: "bytes", ...this.#sum });
  }
}

/** The engine's own words, the same from 20.10 to 28. */
function stateOf(status: string): "existing" | "transferred" | undefined {
  if (status === "Layer already exists" || status === "Already exists" || status.startsWith("Mounted from ")) {
    return "existing";
  }
  return status === "Pushed" || status === "Pull complete" ? "transferred" : undefined;
}

function readDetail(line: Json): { current?: number; total?: number } {
  const detail = typeof line === "object" && line !== null && "progressDetail" in line ? line.progressDetail : null;
  return typeof detail === "object" && detail !== null ? (detail as { current?: number; total?: number }) : {};
}
