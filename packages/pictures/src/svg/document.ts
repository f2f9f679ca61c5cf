import { escapeMarkup } from "./text.js";

/** Pixels; text is drawn in a font of fixed width, so that no browser is needed to know its size. */
export const fontSize = 12;
/** Wider than a letter of any usual font of fixed width. */
export const columnWidth = 7.4;
export const lineHeight = 17;

export interface Drawing {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** SVG elements; their colours are classes of {@link styles}. */
  readonly body: string;
}

/** A drawing as a file of its own: no script, and nothing that it loads. */
export function toSvg({ title, width, height, body }: Drawing): string {
  const size = `width="${Math.ceil(width)}" height="${Math.ceil(height)}" viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">
<title>${escapeMarkup(title)}</title>
<style>${styles}</style>
<rect class="page" width="100%" height="100%"/>
${body}
</svg>
`;
}

/** The same as a page: scrolled on a screen, fitted on paper. */
export function toHtml(drawing: Drawing): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${escapeMarkup(drawing.title)}</title>
<style>
body { margin: 0; background: #ffffff; }
main { overflow-x: auto; }
svg { display: block; }
@media screen and (prefers-color-scheme: dark) { body { background: #0d1117; } }
@media print { main { overflow: visible; } svg { max-width: 100%; height: auto; } @page { margin: 10mm; } }
</style>
</head>
<body><main>
${toSvg(drawing)}</main></body>
</html>
`;
}

export interface TextOptions {
  /** Classes of {@link styles}. */
  readonly style?: string;
  readonly anchor?: "start" | "middle" | "end";
}

/** One line of text; `y` is its base line. */
export function drawText(
  text: string,
  x: number,
  y: number,
  { style = "", anchor = "start" }: TextOptions = {},
): string {
  const where = `x="${round(x)}" y="${round(y)}"${anchor === "start" ? "" : ` text-anchor="${anchor}"`}`;
  return `<text ${where}${style === "" ? "" : ` class="${style}"`}>${escapeMarkup(text)}</text>`;
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

// Each pair of a text's colour and what it stands on has a contrast of 4.5 or more, in both themes.
const light = `
.page { fill: #ffffff; } .panel { fill: #f6f8fa; stroke: #d0d7de; }
text { fill: #1f2328; } .dim { fill: #57606a; }
.edge { stroke: #57606a; } .head { fill: #57606a; } .edge-label { fill: #1f2328; } .grid { stroke: #d8dee4; }
.card { fill: #ffffff; stroke: #8c959f; }
.ok .card { fill: #f0fbf2; stroke: #1a7f37; } .ok .state { fill: #116329; } .ok .mark { fill: #1a7f37; stroke: #1a7f37; }
.busy .card { fill: #fff8e5; stroke: #9a6700; } .busy .state { fill: #744500; } .busy .mark { fill: #9a6700; stroke: #9a6700; }
.failed .card { fill: #fff1f0; stroke: #cf222e; } .failed .state { fill: #a40e26; } .failed .mark { fill: none; stroke: #cf222e; }
.idle .card { fill: #f6f8fa; stroke: #6e7781; } .idle .state { fill: #57606a; } .idle .mark { fill: none; stroke: #6e7781; }
.bar { fill: #8c959f; } .bar.critical { stroke: #1f2328; } .link { stroke: #1f2328; }
.bar.build { fill: #54aeff; } .bar.transfer { fill: #4ac26b; } .bar.wait { fill: #d4a72c; } .bar.ssh { fill: #c297ff; }
.bar.compose { fill: #6cb6a7; } .bar.failed-bar { fill: #fa4549; }`;

const dark = `
.page { fill: #0d1117; } .panel { fill: #151b23; stroke: #3d444d; }
text { fill: #f0f6fc; } .dim { fill: #a3adb8; }
.edge { stroke: #9198a1; } .head { fill: #9198a1; } .edge-label { fill: #f0f6fc; } .grid { stroke: #2a313c; }
.card { fill: #151b23; stroke: #9198a1; }
.ok .card { fill: #0f2417; stroke: #3fb950; } .ok .state { fill: #7ee787; } .ok .mark { fill: #3fb950; stroke: #3fb950; }
.busy .card { fill: #272115; stroke: #d29922; } .busy .state { fill: #f2cc60; } .busy .mark { fill: #d29922; stroke: #d29922; }
.failed .card { fill: #2c1618; stroke: #f85149; } .failed .state { fill: #ffa198; } .failed .mark { fill: none; stroke: #f85149; }
.idle .card { fill: #151b23; stroke: #9198a1; } .idle .state { fill: #a3adb8; } .idle .mark { fill: none; stroke: #9198a1; }
.bar { fill: #6e7681; } .bar.critical { stroke: #f0f6fc; } .link { stroke: #f0f6fc; }
.bar.build { fill: #1f6feb; } .bar.transfer { fill: #238636; } .bar.wait { fill: #9e6a03; } .bar.ssh { fill: #8957e5; }
.bar.compose { fill: #2f7d6d; } .bar.failed-bar { fill: #da3633; }`;

const styles = `
text { font: ${fontSize}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace; white-space: pre; }
.title { font-size: 16px; font-weight: 700; } .strong { font-weight: 700; }
.edge { fill: none; stroke-width: 1.3; } .optional { stroke-dasharray: 5 4; }
.card { stroke-width: 1.3; } .failed .card { stroke-width: 3; } .idle .card { stroke-dasharray: 5 4; }
.mark { stroke-width: 2; } .bar.critical { stroke-width: 2; } .link { fill: none; stroke-width: 1; stroke-dasharray: 2 3; }
${light}
@media screen and (prefers-color-scheme: dark) {${dark}
}`;
