import type { ComposeLine } from "./compose-line.js";
import type { ServicePhase, StackEvent } from "./stack-event.js";

interface Sinks {
  readonly project: string;
  readonly onEvent: (event: StackEvent) => void;
  readonly report: (service: string, state: ServicePhase, detail?: string) => void;
}

interface Layer {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly isExtracting: boolean;
}

type LayerLine = Extract<ComposeLine, { about: "layer" }>;
type ImageLine = Extract<ComposeLine, { about: "image" }>;

export interface PullProgress {
  readImage(service: string, line: ImageLine): void;
  readLayer(line: LayerLine): void;
}

/** Adds the layers up, for which compose does not say whose they are. */
export function createPullProgress({ project, onEvent, report }: Sinks): PullProgress {
  const pulling = new Set<string>();
  const layers = new Map<string, Layer>();
  const readImage = (service: string, { state, text }: ImageLine) => {
    if (state === "Pulling") pulling.add(service);
    else pulling.delete(service);
    if (pulling.size === 0) layers.clear();
    if (state === "Pulling" || state === "Pulled") report(service, state === "Pulling" ? "pulling" : "pulled");
    // A service with a build may have no image in a registry: it is built then.
    else if (state === "Error") report(service, "failed", text);
  };
  const readLayer = (line: LayerLine) => {
    const before = layers.get(line.layer);
    const after = moveLayer(before, line);
    if (after === undefined) return;
    layers.set(line.layer, after);
    const all = [...layers.values()];
    onEvent({
      type: "compose.pull",
      project,
      services: [...pulling],
      state: all.some(({ isExtracting, bytes, totalBytes }) => !isExtracting && bytes < totalBytes)
        ? "downloading"
        : "extracting",
      bytes: all.reduce((sum, layer) => sum + layer.bytes, 0),
      totalBytes: all.reduce((sum, layer) => sum + layer.totalBytes, 0),
    });
  };
  return { readImage, readLayer };
}

/** Undefined: nothing moved. */
function moveLayer(before: Layer | undefined, { state, moved }: LayerLine): Layer | undefined {
  if (state === "Downloading" && moved !== undefined) return { ...moved, isExtracting: false };
  if (before === undefined) return undefined;
  const { totalBytes } = before;
  if (state === "Download complete" || state === "Pull complete" || state === "Extracting")
    return { totalBytes, bytes: totalBytes, isExtracting: state === "Extracting" };
  return undefined;
}
