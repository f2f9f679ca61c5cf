/** What a line of `docker compose` says while it works, as it writes without a terminal (Compose 2.17 to 5). */
export type ComposeLine =
  | { readonly about: "container"; readonly name: string; readonly state: string }
  | {
      readonly about: "resource";
      readonly resource: "network" | "volume";
      readonly name: string;
      readonly state: ResourceState;
    }
  /** `name`: a service (before Compose 2.39) or an image. */
  | { readonly about: "image"; readonly name: string; readonly state: string; readonly text: string }
  /** Of an image that is pulled; which one, no line says. */
  | { readonly about: "layer"; readonly layer: string; readonly state: string; readonly moved?: Moved | undefined }
  | { readonly about: "step"; readonly id: string; readonly step: string }
  | { readonly about: "step-output"; readonly id: string; readonly text: string }
  | { readonly about: "step-end"; readonly id: string; readonly state: "done" | "cached" | "failed" };

/** `kept`: others use it. */
export type ResourceState = "creating" | "created" | "removing" | "removed" | "kept" | "failed";

interface Moved {
  readonly bytes: number;
  readonly totalBytes: number;
}

const layerStates = [
  ...["Pulling fs layer", "Waiting", "Downloading", "Verifying Checksum", "Download complete"],
  ...["Extracting", "Pull complete", "Already exists", "Layer already exists"],
].join("|");
const resourceStates = [
  ...["Creating", "Created", "Recreate", "Recreated", "Starting", "Started", "Restarting", "Restarted", "Running"],
  ...["Stopping", "Stopped", "Killing", "Killed", "Removing", "Removed", "Pausing", "Paused", "Unpausing", "Unpaused"],
  ...["Waiting", "Healthy", "Exited", "Skipped", "Error", "Resource is still in use"],
].join("|");

const layerLine = new RegExp(`^ ?([0-9a-f]{12}) (${layerStates})\\b(.*)$`);
const resourceLine = new RegExp(`^ ?(Container|Network|Volume) (\\S+) {1,2}(${resourceStates})\\b.*$`);
const imageLine = /^ ?(?:Image )?(\S+) (Pulling|Pulled|Error|Skipped|Warning|Interrupted)\b(.*)$/;
const stepEnd = /^#(\d+) (DONE [\d.]+s|CACHED|CANCELED|ERROR: .*)$/;
const stepOutput = /^#(\d+) (?:[\d.]+ )?(.*)$/;
const stepStart = /^#(\d+) (\[.*)$/;

/** Undefined: something else, as a warning, or nothing that matters. */
export function parseComposeLine(line: string): ComposeLine | undefined {
  const text = line.trimEnd();
  return parseStep(text) ?? parseLayer(text) ?? parseResource(text) ?? parseImage(text);
}

/** Whether a line only says how far a transfer is: there are many. */
export function isTransferLine(line: string): boolean {
  return layerLine.test(line.trimEnd());
}

function parseStep(text: string): ComposeLine | undefined {
  const end = stepEnd.exec(text);
  if (end !== null) return { about: "step-end", id: end[1] ?? "", state: endState(end[2] ?? "") };
  const start = stepStart.exec(text);
  if (start !== null) return { about: "step", id: start[1] ?? "", step: start[2] ?? "" };
  const output = stepOutput.exec(text);
  return output === null ? undefined : { about: "step-output", id: output[1] ?? "", text: output[2] ?? "" };
}

function endState(text: string): "done" | "cached" | "failed" {
  if (text === "CACHED") return "cached";
  return text.startsWith("DONE") ? "done" : "failed";
}

function parseLayer(text: string): ComposeLine | undefined {
  const [, layer, state, rest] = layerLine.exec(text) ?? [];
  if (layer === undefined || state === undefined) return undefined;
  const moved = /([\d.]+)([kMGT]?)B\/([\d.]+)([kMGT]?)B/.exec(rest ?? "");
  if (moved === null) return { about: "layer", layer, state };
  const [bytes, totalBytes] = [readBytes(moved[1], moved[2]), readBytes(moved[3], moved[4])];
  return { about: "layer", layer, state, moved: { bytes, totalBytes } };
}

const units: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 };

function readBytes(amount = "0", unit = ""): number {
  return Math.round(Number(amount) * (units[unit] ?? 1));
}

function parseResource(text: string): ComposeLine | undefined {
  const [, kind, quoted, state] = resourceLine.exec(text) ?? [];
  if (quoted === undefined || state === undefined) return undefined;
  const name = quoted.replace(/^"(.*)"$/, "$1");
  if (kind === "Container") return { about: "container", name, state };
  const known = resourceState[state];
  if (known === undefined) return undefined;
  return { about: "resource", resource: kind === "Network" ? "network" : "volume", name, state: known };
}

const resourceState: Readonly<Record<string, ResourceState>> = {
  ...{ Creating: "creating", Created: "created", Removing: "removing", Removed: "removed" },
  ...{ "Resource is still in use": "kept", Error: "failed" },
};

function parseImage(text: string): ComposeLine | undefined {
  const [, name, state, rest] = imageLine.exec(text) ?? [];
  return name === undefined || state === undefined
    ? undefined
    : { about: "image", name, state, text: (rest ?? "").trim() };
}
