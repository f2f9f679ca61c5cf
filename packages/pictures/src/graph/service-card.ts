import { formatContainerStatus, type GraphContainer, type GraphService, type StackGraph } from "@otto/docker";
import { columnWidth, drawText, lineHeight } from "../svg/document.js";
import { countColumns, wrapText } from "../svg/text.js";

/** How a state is drawn: with a colour, a shape and a border of its own. */
export type Tone = "ok" | "busy" | "failed" | "idle";

export interface CardLine {
  readonly label: string;
  readonly text: string;
  readonly style: string;
}

/** A service as it is drawn, before it has a place. */
export interface ServiceCard {
  readonly name: string;
  /** Undefined where the parent was not asked. */
  readonly tone: Tone | undefined;
  readonly lines: readonly CardLine[];
  readonly width: number;
  readonly height: number;
}

const padding = 10;
const labelColumns = 8;
const mostColumns = 34;

export function createCard(service: GraphService, graph: StackGraph): ServiceCard {
  const facts = describeService(service, graph);
  const state = describeState(service, graph);
  const lines = [
    ...wrapText(titleOf(service), labelColumns + mostColumns).map((text) => ({ label: "", text, style: "strong" })),
    ...(state === undefined ? [] : linesOf("", state.words, "state")),
    ...facts.flatMap(({ label, text }) => linesOf(label, text, "")),
  ];
  const columns = Math.max(...lines.map((line) => columnsOf(line)));
  return {
    name: service.name,
    tone: state?.tone,
    lines,
    width: columns * columnWidth + 2 * padding,
    height: lines.length * lineHeight + 2 * padding - 4,
  };
}

function titleOf({ name, replicas }: GraphService): string {
  return replicas === 1 ? name : `${name} ×${replicas}`;
}

function linesOf(label: string, text: string, style: string): CardLine[] {
  return wrapText(text, mostColumns).map((line, index) => ({ label: index === 0 ? label : " ", text: line, style }));
}

function columnsOf({ label, text, style }: CardLine): number {
  return countColumns(text) + (label !== "" || style === "state" ? labelColumns : 0);
}

/** What is known of a service, in the order of a card. */
export function describeService(service: GraphService, graph: StackGraph): { label: string; text: string }[] {
  const image = graph.images.find(({ name }) => name === service.image);
  return [
    { label: "image", text: service.image },
    ...(image?.bases ?? []).map((base) => ({ label: "from", text: base })),
    ...service.ports.map((port) => ({ label: "port", text: port })),
    ...(service.networks.length === 0 ? [] : [{ label: "net", text: service.networks.join(", ") }]),
    ...(service.networkMode === undefined ? [] : [{ label: "net", text: service.networkMode }]),
    ...service.mounts.map(({ type, source, target, readOnly }) => ({
      label: type === "volume" ? "vol" : type,
      text: `${source === undefined ? "" : `${source} → `}${target}${readOnly ? " (ro)" : ""}`,
    })),
    ...(service.profiles.length === 0 ? [] : [{ label: "profile", text: service.profiles.join(", ") }]),
    ...(service.enabled ? [] : [{ label: "", text: "not part of this up" }]),
  ];
}

/** The state of a service by its containers, the worst first. Undefined where the parent was not asked. */
export function describeState(service: GraphService, graph: StackGraph): { words: string; tone: Tone } | undefined {
  if (!graph.isObserved) return undefined;
  const { containers, replicas } = service;
  if (containers.length === 0) return { words: "absent", tone: "idle" };
  const present = containers.map((one) => ({ words: formatContainerStatus(one), tone: toneOf(one) }));
  const missing = Array.from({ length: Math.max(0, replicas - containers.length) }, () => ({
    words: "absent",
    tone: "idle" as const,
  }));
  const states = [...present, ...missing];
  const [worst] = states.toSorted((a, b) => order.indexOf(a.tone) - order.indexOf(b.tone));
  const kinds = [...new Set(states.map(({ words }) => words))];
  const counted = kinds.map((words) => `${states.filter((state) => state.words === words).length} ${words}`);
  return { words: kinds.length === 1 ? (kinds[0] ?? "") : counted.join(", "), tone: worst?.tone ?? "idle" };
}

const order: readonly Tone[] = ["failed", "busy", "idle", "ok"];

const tones: Readonly<Record<GraphContainer["state"], Tone>> = {
  absent: "idle",
  created: "idle",
  dead: "failed",
  exited: "failed",
  healthy: "ok",
  paused: "idle",
  removing: "busy",
  restarting: "failed",
  running: "ok",
  starting: "busy",
  unhealthy: "failed",
  unknown: "busy",
};

function toneOf({ state, exitCode }: GraphContainer): Tone {
  return state === "exited" && exitCode === 0 ? "ok" : tones[state];
}

export function drawCard(card: ServiceCard, x: number, y: number): string {
  const { lines, tone, width, height } = card;
  const texts = lines.map(({ label, text, style }, index) => {
    const line = y + padding + (index + 0.75) * lineHeight;
    const indent = label === "" && style !== "state" ? 0 : labelColumns * columnWidth;
    const mark =
      style === "state" && label === "" && tone !== undefined ? drawMark(tone, x + padding + 8, line - 4) : "";
    const head = label.trim() === "" ? "" : drawText(label, x + padding, line, { style: "dim" });
    return `${mark}${head}${drawText(text, x + padding + indent, line, { style })}`;
  });
  const box = `<rect class="card" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`;
  return `<g class="service ${tone ?? ""}">${box}${texts.join("")}</g>`;
}

/** A shape for each tone, so that no colour has to be seen. */
export function drawMark(tone: Tone, x: number, y: number): string {
  if (tone === "ok") return `<circle class="mark" cx="${x}" cy="${y}" r="4.5"/>`;
  if (tone === "idle") return `<circle class="mark" cx="${x}" cy="${y}" r="4"/>`;
  if (tone === "busy") return `<path class="mark" d="M${x} ${y - 5}l5 9h-10z"/>`;
  return `<path class="mark" d="M${x - 4} ${y - 4}l8 8m0-8l-8 8"/>`;
}
