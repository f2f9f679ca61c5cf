import type { GraphService, StackGraph } from "@otto/docker";
import { escapeControls } from "@otto/errors";
import { describeImages, describeRoute, describeUses, formatCondition, uses } from "./graph-text.js";
import { describeService, describeState, type Tone } from "./service-card.js";

/** A stack as a Mermaid flowchart, for Markdown: services with what they depend on and the volumes that they use. */
export function formatMermaid(graph: StackGraph): string {
  const ids = new Map(graph.services.map(({ name }, index) => [name, `s${index}`]));
  const title = [`${graph.project} on ${graph.parent.id}`, describeRoute(graph)].map(quoteText).join("<br/>");
  const comments = [...describeImages(graph), ...describeUses(graph, "networks")].map(
    (text) => `  %% ${quoteComment(text)}`,
  );
  return `${[
    "flowchart LR",
    ...comments,
    `  subgraph stack["${title}"]`,
    ...graph.services.map(
      (service) => `    ${ids.get(service.name)}["${labelOf(service, graph)}"]${classOf(service, graph)}`,
    ),
    ...graph.volumes.map(({ name, external }, index) => {
      return `    v${index}[("${quoteText(`${name}${external ? " (external)" : ""}`)}")]`;
    }),
    "  end",
    ...graph.services.flatMap((service) => arrowsOf(service, ids)),
    ...graph.volumes.flatMap(({ name }, index) =>
      graph.services
        .filter((service) => uses(service, "volumes", name))
        .map((service) => `  ${ids.get(service.name)} --- v${index}`),
    ),
    ...classes,
  ].join("\n")}\n`;
}

function labelOf(service: GraphService, graph: StackGraph): string {
  const { name, replicas } = service;
  const state = describeState(service, graph);
  const facts = describeService(service, graph).map(({ label, text }) => (label === "" ? text : `${label} ${text}`));
  const title = replicas === 1 ? name : `${name} ×${replicas}`;
  const lines = [...(state === undefined ? [] : [`${marks[state.tone]} ${state.words}`]), ...facts].map(quoteText);
  return [`<b>${quoteText(title)}</b>`, ...lines].join("<br/>");
}

const marks: Readonly<Record<Tone, string>> = { ok: "●", busy: "▲", failed: "✗", idle: "○" };

function classOf(service: GraphService, graph: StackGraph): string {
  const tone = describeState(service, graph)?.tone;
  return tone === undefined ? "" : `:::${tone}`;
}

function arrowsOf(service: GraphService, ids: ReadonlyMap<string, string>): string[] {
  return service.dependsOn.flatMap((dependency) => {
    const to = ids.get(dependency.service);
    const arrow = dependency.required ? "-->" : "-.->";
    return to === undefined
      ? []
      : [`  ${ids.get(service.name)} ${arrow}|"${quoteText(formatCondition(dependency))}"| ${to}`];
  });
}

/** Everything that Mermaid, or the HTML that it makes, might take for a sign of its own, as a number. */
function quoteText(text: string): string {
  const visible = escapeControls(text.toWellFormed(), { line: true });
  return visible.replace(/[^\p{L}\p{N} ,.:/_→←×●▲✗○()-]/gu, (sign) => `#${sign.codePointAt(0)};`);
}

/** A comment ends with its line; `{` would begin a directive. */
function quoteComment(text: string): string {
  return escapeControls(text.toWellFormed(), { line: true }).replaceAll(/[{}%]/g, "?");
}

const classes = [
  "  classDef ok stroke:#1a7f37,stroke-width:2px",
  "  classDef busy stroke:#9a6700,stroke-width:2px",
  "  classDef failed stroke:#cf222e,stroke-width:4px",
  "  classDef idle stroke:#6e7781,stroke-dasharray:5 4",
];
