import type { StackGraph } from "@otto/docker";
import { toHtml, toSvg } from "../svg/document.js";
import { formatMermaid } from "./format-mermaid.js";

export type GraphFormat = "mermaid" | "svg" | "html" | "json";

/**
 * A stack as the text of a file: SVG and HTML stand for themselves, with no script and nothing to load, Mermaid goes into
 * Markdown, JSON is the graph as it is. Names in it may be hostile: they are shown, not obeyed.
 */
export async function formatGraph(graph: StackGraph, format: GraphFormat): Promise<string> {
  if (format === "json") return `${JSON.stringify(graph, undefined, 2)}\n`;
  if (format === "mermaid") return formatMermaid(graph);
  // The layout is most of what this package would load.
  const { drawGraph } = await import("./draw-graph.js");
  return format === "svg" ? toSvg(drawGraph(graph)) : toHtml(drawGraph(graph));
}
