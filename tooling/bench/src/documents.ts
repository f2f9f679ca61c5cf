import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "./check-targets.js";
import type { LinkName } from "./link.js";
import type { AreaResult, Results, RunFacts } from "./result.js";
import type { Area } from "./row.js";
import { formatTable } from "./table.js";

export type AreaText = Pick<Area, "name" | "title" | "about">;

/** READMEs show the links without a bastion; docs/benchmarks.md has all. */
const readmeLinks: readonly LinkName[] = ["direct", "direct-50"];

const marker = /<!-- bench:([a-z-]+) -->\n[\s\S]*?<!-- \/bench -->/g;

/** A text with the tables of the areas that its markers name: `<!-- bench:AREA -->` up to `<!-- /bench -->`. */
export function replaceTables(text: string, results: Results, targets: readonly Target[]): string {
  return text.replace(marker, (_, area: string) => {
    const result = results[area];
    const table = result === undefined ? "Not measured yet." : formatArea(result, area, targets);
    return `<!-- bench:${area} -->\n\n${table}\n\n<!-- /bench -->`;
  });
}

function formatArea(result: AreaResult, area: string, targets: readonly Target[]): string {
  return `${formatTable(result, { area, targets, links: readmeLinks })}\n\n${formatRun(result.run)}`;
}

/** docs/benchmarks.md. */
export function formatPage(areas: readonly AreaText[], results: Results, targets: readonly Target[]): string {
  const sections = areas.map((area) => {
    const result = results[area.name];
    const table = result === undefined ? "Not measured yet." : formatTable(result, { area: area.name, targets });
    const run = result === undefined ? "" : `\n\n${formatRun(result.run)}`;
    return `## ${area.title}\n\n${area.about}\n\n${table}${run}\n`;
  });
  return `${introduction}\n${sections.join("\n")}`;
}

const introduction = `# Benchmarks

Written by \`pnpm bench\`; no figure here is typed by hand. otto and what people would use instead do the same work in one run, on
the same parent: this machine, behind real sshd processes on loopback. In every round each contender runs once, and the one that
starts rotates. A ratio is the median over the rounds, followed by the lowest and highest; below 1, otto is faster. Each row
checks its own result: contents are equal, all bytes arrived, the containers run.

\`\`\`sh
pnpm bench                                  # everything
pnpm bench build --rounds 3                 # one area
pnpm bench exec --of ../before --check      # beside another built checkout; fails if a target is missed
\`\`\`

A link is _direct_ or leads through a _bastion_; _50 ms_ is its round trip, made by a proxy that also counts bytes and round
trips. On links without a delay, rows that move many bytes are timed without the proxy. "(ControlMaster)" is OpenSSH with a
connection that is already open; without it each command opens its own. "up", "down", "handshakes", "round trips" and "peak
memory" show otto's figure, then the reference's. Memory is that of all local processes of a command.
`;

function formatRun({ date, command, rounds, machine, load, versions }: RunFacts): string {
  const tools = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `_\`${command}\`, ${rounds} rounds, ${date}, ${machine}, load ${load.toFixed(1)} as it began; ${tools.join(", ")}._`;
}

/** Writes the tables into docs/benchmarks.md and every README with markers. */
export function writeDocuments(
  root: string,
  areas: readonly AreaText[],
  results: Results,
  targets: readonly Target[],
): void {
  writeFileSync(join(root, "docs/benchmarks.md"), formatPage(areas, results, targets));
  for (const path of listReadmes(root)) {
    const text = readFileSync(path, "utf8");
    const replaced = replaceTables(text, results, targets);
    if (replaced !== text) writeFileSync(path, replaced);
  }
}

export function listReadmes(root: string): readonly string[] {
  const folders = ["packages", "apps", "tooling"].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(root, group, name)),
  );
  return [root, ...folders].map((folder) => join(folder, "README.md")).filter((path) => existsSync(path));
}
