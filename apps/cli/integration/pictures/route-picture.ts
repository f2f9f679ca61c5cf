import { drawBox, drawText, lineHeight, toSvg } from "./svg.js";

/** What an `up` sent, as its summary says it: `18.9 MB`, or `nothing`. */
export interface Sent {
  readonly when: string;
  readonly text: string;
}

const units: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };
const width = 860;
const barWidth = 420;

/** The route from this machine to the containers, and what is sent on it. */
export function drawRoute(sent: readonly Sent[]): string {
  const top = 20;
  const most = Math.max(...sent.map(({ text }) => bytesOf(text)));
  const bars = sent.map(({ when, text }, index) => {
    const y = 220 + index * 28;
    const length = Math.max(2, Math.round((bytesOf(text) / most) * barWidth));
    const bar = bytesOf(text) === 0 ? "" : `<rect class="bar" x="250" y="${y - 11}" width="${length}" height="14"/>`;
    return drawText(when, 20, y) + bar + drawText(text, 258 + (bytesOf(text) === 0 ? 0 : length), y);
  });
  return toSvg("From your machine over a bastion to the containers of a parent", width, 220 + sent.length * 28, [
    drawMachine(20, top, 210, "your machine", ["otto, on Node", "no Docker, no root", "nothing listens"]),
    drawArrow(230, 90, 305, "SSH"),
    drawMachine(305, top, 170, "bastion", ["a hop: sshd alone"]),
    drawArrow(475, 90, 550, "SSH"),
    drawMachine(550, top, 290, "parent", ["sshd, Docker, Compose", "nothing of otto installed"]),
    drawBox(566, 104, 120, 34, "card"),
    drawText("api, a host", 580, 125),
    drawBox(704, 104, 120, 34, "card"),
    drawText("client, a host", 712, 125),
    drawText("What otto up sends", 20, 192, "strong"),
    ...bars,
  ]);
}

function drawMachine(x: number, y: number, boxWidth: number, name: string, facts: readonly string[]): string {
  const lines = facts.map((fact, index) => drawText(fact, x + 14, y + 46 + index * lineHeight, "dim"));
  return [drawBox(x, y, boxWidth, 134), drawText(name, x + 14, y + 24, "strong"), ...lines].join("\n");
}

function drawArrow(x: number, y: number, end: number, label: string): string {
  const line = `<line class="route" x1="${x}" y1="${y}" x2="${end - 8}" y2="${y}"/>`;
  return `${line}<path class="head" d="M${end} ${y}l-10 -5v10z"/>${drawText(label, x + 22, y - 8, "dim")}`;
}

function bytesOf(text: string): number {
  const [, number = "0", unit = "B"] = /^([\d.]+) (\w+)$/.exec(text) ?? [];
  return Number(number) * (units[unit] ?? 0);
}
