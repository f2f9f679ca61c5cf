import { escapeControls } from "@otto/errors";
import type pico from "picocolors";
import { formatBytes } from "../byte-count.js";
import { formatDuration } from "../duration.js";
import { cutText, fitText, widthOf } from "../fit-text.js";
import { type Board, type BoardRow, doneWords, type Tone, type Transfer } from "./board.js";
import { shownOutput } from "./step-output.js";

export interface BoardView {
  /** Of the terminal; a line has at most one fewer. */
  readonly columns: number;
  /** Of the terminal; there is at most one line fewer. Default: as many as it takes. */
  readonly rows?: number | undefined;
  /** The time, as the board has it. */
  readonly now: number;
  readonly paint: ReturnType<typeof pico.createColors>;
  /** The last frame, which stays. */
  readonly isLast?: boolean | undefined;
}

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const spinnerMs = 80;
/** Wider lines are hard to follow. */
const widest = 120;
const longestName = 24;
/** A shorter wait is not worth a number that runs. */
const shownAfterMs = 500;

/** The lines of a board: its title, a line for each image, service, network and volume, and what steps write below theirs. */
export function formatBoard(board: Board, view: BoardView): readonly string[] {
  const rows = [...board.rows.values()]
    // A network that exists is not news.
    .filter(({ section, tone }) => section !== "resource" || tone !== "done" || board.title.verb !== "up")
    .toSorted((a, b) => order[a.section] - order[b.section])
    .map((row) => ({ ...row, name: labelOf(row, board) }));
  const width = Math.min(view.columns - 1, widest);
  const wide = { ...view, width, nameWidth: widthOfNames(rows, width) };
  const title = formatTitle(board, wide);
  const room = view.rows === undefined || view.isLast ? Number.POSITIVE_INFINITY : view.rows - 2;
  return [title, ...fitRows(rows, room, wide)];
}

/** An image and a service may have one name. */
function labelOf({ section, name }: BoardRow, { title }: Board): string {
  return section === "image" && title.verb !== "build" ? `image ${name}` : name;
}

const order = { image: 0, service: 1, resource: 2 };

interface WideView extends BoardView {
  readonly width: number;
  readonly nameWidth: number;
}

function widthOfNames(rows: readonly BoardRow[], width: number): number {
  const aligned = rows.filter(({ section }) => section !== "resource");
  const names = aligned.map(({ name }) => widthOf(escapeControls(name, { line: true })));
  return Math.min(Math.max(0, ...names), longestName, Math.max(8, Math.floor(width * 0.35)));
}

function formatTitle(board: Board, { width, now, paint, isLast }: WideView): string {
  const { verb, repo, parent } = board.title;
  const mark = isLast ? "" : `${frameOf(now)} `;
  const elapsed = formatDuration(now - board.began);
  const progress = isLast ? "" : progressOf(board);
  const room = width - widthOf(mark) - elapsed.length - 2;
  const forms = [
    `${verb} ${repo} on ${parent}`,
    `${verb} ${repo} on ${parent.replace(/ \(.*\)$/, "")}`,
    `${verb} ${repo}`,
  ]
    .map((text) => (progress === "" ? text : `${text} · ${progress}`))
    .map((text) => escapeControls(text, { line: true }));
  const shown = cutText(forms.find((form) => widthOf(form) <= room) ?? forms.at(-1) ?? "", room);
  return `${paint.cyan(mark)}${paint.bold(shown)}  ${paint.dim(elapsed)}`;
}

/** How many services are what they are to be. */
function progressOf({ phase, rows, title }: Board): string {
  const services = [...rows.values()].filter(({ section }) => section === "service");
  if (phase !== "" || services.length === 0) return phase;
  const done = services.filter(({ tone }) => tone === "done").length;
  return `${done} of ${services.length} ${doneWords[title.verb]}`;
}

function frameOf(now: number): string {
  return spinner[Math.floor(now / spinnerMs) % spinner.length] ?? "";
}

/**
 * As many lines as there is room for: first what steps write goes, then rows that are done or have not begun come to one
 * line each, then the last of those that are at work.
 */
function fitRows(rows: readonly BoardRow[], room: number, view: WideView): readonly string[] {
  const whole = rows.flatMap((row) => [formatRow(row, view), ...formatSaid(row, view)]);
  if (whole.length <= room) return whole;
  if (rows.length <= room) return rows.map((row) => formatRow(row, view));
  const urgent = rows.filter(({ tone }) => tone === "failed" || tone === "working");
  const sums = (["done", "idle"] as const).flatMap((tone) => sumUp(tone, rows, view));
  const shown = urgent.toSorted((a, b) => Number(b.tone === "failed") - Number(a.tone === "failed"));
  const left = room - sums.length;
  if (shown.length <= left) return [...shown.map((row) => formatRow(row, view)), ...sums];
  const kept = shown.slice(0, Math.max(left - 1, 0));
  const more = view.paint.dim(cutText(`  … and ${shown.length - kept.length} more at work`, view.width));
  return [...kept.map((row) => formatRow(row, view)), more, ...sums].slice(0, Math.max(room, 0));
}

function sumUp(tone: "done" | "idle", rows: readonly BoardRow[], view: WideView): string[] {
  const names = rows.filter((row) => row.tone === tone).map(({ name }) => name);
  if (names.length === 0) return [];
  const words = `${names.length} ${tone === "done" ? "done" : "waiting"}: ${names.join(", ")}`;
  const text = cutText(escapeControls(words, { line: true }), view.width - 2);
  return [`${markOf(tone, view)} ${view.paint.dim(text)}`];
}

function formatRow(row: BoardRow, view: WideView): string {
  const { width, nameWidth, now, paint } = view;
  const ms = now - row.since;
  const elapsed = row.tone === "working" && ms >= shownAfterMs && !view.isLast ? `  ${formatDuration(ms)}` : "";
  const shownName = escapeControls(row.name, { line: true });
  const isOwnWidth = row.section === "resource";
  const name = isOwnWidth ? cutText(shownName, Math.floor(width * 0.7)) : fitText(shownName, nameWidth);
  const room = width - 2 - widthOf(name) - 2 - elapsed.length;
  const transfer = row.transfer && !view.isLast ? `${formatTransfer(row.transfer, now, room)}  ` : "";
  const text = escapeControls(`${transfer}${row.words}`, { line: true });
  const words = dress(row.tone, view)(elapsed === "" ? cutText(text, room) : fitText(text, room));
  return `${markOf(row.tone, view)} ${name}  ${words}${elapsed === "" ? "" : paint.dim(elapsed)}`;
}

function markOf(tone: Tone, { now, paint, isLast }: WideView): string {
  if (tone === "done") return paint.green("✔");
  if (tone === "failed") return paint.red("✖");
  if (tone === "idle" || isLast) return paint.dim("·");
  return paint.cyan(frameOf(now));
}

function dress(tone: Tone, { paint }: WideView): (text: string) => string {
  if (tone === "failed") return paint.red;
  return tone === "idle" ? paint.dim : (text) => text;
}

function formatSaid(row: BoardRow, { width, nameWidth, paint, isLast }: WideView): readonly string[] {
  if (row.tone !== "working" || isLast) return [];
  const indent = " ".repeat(Math.min(nameWidth + 4, Math.floor(width / 4)));
  return shownOutput(row.said).map((line) =>
    paint.dim(cutText(`${indent}${escapeControls(line, { line: true })}`, width)),
  );
}

/** A bar where there is room for it, how much of how much, how fast, and how long it takes still. */
export function formatTransfer({ bytes, totalBytes, began }: Transfer, now: number, room: number): string {
  const part = totalBytes === 0 ? 1 : Math.min(bytes / totalBytes, 1);
  const barOf = (cells: number) => {
    const filled = Math.floor(part * cells);
    return `${"█".repeat(filled)}${"░".repeat(cells - filled)} `;
  };
  const ms = now - began;
  const rate = ms < shownAfterMs ? 0 : bytes / (ms / 1000);
  const speed = rate === 0 ? "" : `, ${formatBytes(Math.round(rate))}/s`;
  const left = rate === 0 ? "" : `, ${formatDuration(((totalBytes - bytes) / rate) * 1000)} left`;
  const amount = `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
  const whole = `${amount}${speed}${left}`;
  const forms = [`${barOf(20)}${whole}`, `${barOf(8)}${whole}`, whole, `${Math.floor(part * 100)} %${left}`];
  return forms.find((form) => form.length + 10 <= room) ?? `${Math.floor(part * 100)} %`;
}
