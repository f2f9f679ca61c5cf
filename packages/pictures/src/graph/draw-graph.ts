import type { GraphService, StackGraph } from "@otto/docker";
import { columnWidth, type Drawing, drawText, lineHeight, round } from "../svg/document.js";
import { countColumns, wrapText } from "../svg/text.js";
import { describeImages, describeRoute, describeUses, formatCondition } from "./graph-text.js";
import { type Arrow, type Layout, type PlacedArrow, placeBoxes } from "./layout.js";
import { createCard, drawCard, drawMark, type ServiceCard, type Tone } from "./service-card.js";

const margin = 24;
const listColumns = 110;

/** A stack as a drawing. */
export function drawGraph(graph: StackGraph): Drawing {
  const cards = graph.services.map((service) => createCard(service, graph));
  const layout = placeBoxes(cards, arrowsOf(graph.services));
  const route = wrapText(describeRoute(graph), listColumns);
  const lists = listLines(graph);
  const top = margin + 44 + route.length * lineHeight;
  const textWidth = Math.max(...[...route, ...lists.map(({ text }) => text)].map(countColumns)) * columnWidth;
  const panel = {
    width: Math.max(layout.width + 2 * margin, textWidth + 2 * margin, 420),
    height: layout.height + 2 * margin,
  };
  const listTop = top + panel.height + margin;
  return {
    title: `${graph.project} on ${graph.parent.id}`,
    width: panel.width + 2 * margin,
    height: listTop + lists.length * lineHeight + margin,
    body: [
      drawText(`${graph.project} on ${graph.parent.id}`, margin, margin + 16, { style: "title" }),
      ...route.map((line, index) => drawText(line, margin, margin + 40 + index * lineHeight, { style: "dim" })),
      `<rect class="panel" x="${margin}" y="${top}" width="${round(panel.width)}" height="${round(panel.height)}" rx="8"/>`,
      `<g transform="translate(${2 * margin} ${top + margin})">${drawServices(graph, cards, layout)}</g>`,
      ...lists.map((line, index) => drawListLine(line, listTop + (index + 0.75) * lineHeight)),
    ].join("\n"),
  };
}

function arrowsOf(services: readonly GraphService[]): Arrow[] {
  const known = new Set(services.map(({ name }) => name));
  return services.flatMap(({ name, dependsOn }) =>
    dependsOn
      .filter(({ service }) => known.has(service) && service !== name)
      .map((dependency) => ({
        from: name,
        to: dependency.service,
        width: countColumns(formatCondition(dependency)) * columnWidth + 8,
        height: lineHeight,
      })),
  );
}

function drawServices({ services }: StackGraph, cards: readonly ServiceCard[], layout: Layout): string {
  const dependencies = new Map(
    services.flatMap(({ name, dependsOn }) => dependsOn.map((one) => [`${name} ${one.service}`, one] as const)),
  );
  const arrows = layout.arrows.map((arrow) => {
    const dependency = dependencies.get(`${arrow.from} ${arrow.to}`);
    return dependency === undefined ? "" : drawArrow(arrow, formatCondition(dependency), dependency.required);
  });
  const boxes = cards.map((card) => {
    const { x, y } = layout.boxes.get(card.name) ?? { x: 0, y: 0 };
    return drawCard(card, round(x), round(y));
  });
  return [...arrows, ...boxes].join("\n");
}

function drawArrow({ points, label }: PlacedArrow, text: string, isRequired: boolean): string {
  const path = points.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join("");
  const [before = { x: 0, y: 0 }, end = { x: 0, y: 0 }] = points.slice(-2);
  const angle = round((Math.atan2(end.y - before.y, end.x - before.x) * 180) / Math.PI);
  const head = `<path class="head" d="M0 0l-9 -4v8z" transform="translate(${round(end.x)} ${round(end.y)}) rotate(${angle})"/>`;
  const width = countColumns(text) * columnWidth + 6;
  const ground = `<rect class="panel" stroke-opacity="0" x="${round(label.x - width / 2)}" y="${round(label.y - lineHeight / 2)}" width="${round(width)}" height="${lineHeight}"/>`;
  const words = drawText(text, label.x, label.y + 4, { style: "edge-label", anchor: "middle" });
  return `<g class="arrow"><path class="edge${isRequired ? "" : " optional"}" d="${path}"/>${head}${ground}${words}</g>`;
}

interface ListLine {
  readonly text: string;
  readonly style: string;
  readonly tone?: Tone;
}

function listLines(graph: StackGraph): ListLine[] {
  const list = (title: string, texts: readonly string[]): ListLine[] =>
    texts.length === 0
      ? []
      : [
          { text: title, style: "strong" },
          ...texts.flatMap((text) => wrapText(text, listColumns)).map((text) => ({ text: `  ${text}`, style: "" })),
          { text: "", style: "" },
        ];
  return [
    ...list("Images", describeImages(graph)),
    ...list("Networks", describeUses(graph, "networks")),
    ...list("Volumes", describeUses(graph, "volumes")),
    ...legend(graph),
  ];
}

function legend({ isObserved }: StackGraph): ListLine[] {
  const tones: readonly (readonly [Tone, string])[] = [
    ["ok", "runs, or has done its work"],
    ["busy", "is starting"],
    ["failed", "failed"],
    ["idle", "does not run"],
  ];
  const states = isObserved ? tones.map(([tone, text]) => ({ text: `     ${text}`, style: "dim", tone })) : [];
  return [
    ...states,
    { text: "An arrow leads to what a service depends on, once it is as the label says.", style: "dim" },
  ];
}

function drawListLine({ text, style, tone }: ListLine, y: number): string {
  const mark = tone === undefined ? "" : `<g class="${tone}">${drawMark(tone, margin + 18, y - 4)}</g>`;
  return text === "" ? "" : `${mark}${drawText(text, margin, y, { style })}`;
}
