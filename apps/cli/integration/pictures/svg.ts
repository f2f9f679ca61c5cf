import { escapeControls } from "@otto/errors";

const columnWidth = 7.4;
export const lineHeight = 17;

/** A drawing as a file of its own, for a light and a dark page. Colours have a contrast of 4.5 or more in both. */
export function toSvg(title: string, width: number, height: number, body: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escapeText(title)}</title>
<style>
text { font: 12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre; fill: #1f2328; }
.strong { font-weight: 700; } .dim { fill: #57606a; } .done { fill: #116329; } .working { fill: #744500; }
.page { fill: #ffffff; } .panel { fill: #f6f8fa; stroke: #8c959f; } .card { fill: #f0fbf2; stroke: #1a7f37; }
.route { stroke: #57606a; stroke-width: 2; } .head { fill: #57606a; } .bar { fill: #1a7f37; }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc; } .dim { fill: #a3adb8; } .done { fill: #7ee787; } .working { fill: #f2cc60; }
.page { fill: #0d1117; } .panel { fill: #151b23; stroke: #9198a1; } .card { fill: #0f2417; stroke: #3fb950; }
.route { stroke: #9198a1; } .head { fill: #9198a1; } .bar { fill: #3fb950; }
}
</style>
<rect class="page" width="100%" height="100%"/>
${body.join("\n")}
</svg>
`;
}

/** One line of text; `y` is its base line. */
export function drawText(text: string, x: number, y: number, style = ""): string {
  return `<text x="${x}" y="${y}"${style === "" ? "" : ` class="${style}"`}>${escapeText(text)}</text>`;
}

export function drawBox(x: number, y: number, width: number, height: number, style = "panel"): string {
  return `<rect class="${style}" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`;
}

/** The texts of a drawing, in their order. */
export function readTexts(svg: string): readonly string[] {
  return [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text = ""]) => text);
}

/** Pixels that a text takes. */
export function widthOf(text: string): number {
  return Math.ceil(text.length * columnWidth);
}

function escapeText(text: string): string {
  return escapeControls(text, { line: true }).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
