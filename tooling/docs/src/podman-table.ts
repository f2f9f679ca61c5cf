import { readFileSync } from "node:fs";
import { join } from "node:path";

const begin = "<!-- podman: written by pnpm docs:write -->";
const end = "<!-- /podman -->";

/** What otto does with Podman as the engine. */
export interface PodmanRow {
  readonly verb: string;
  readonly works: "yes" | "partly" | "no";
  /** Empty: as with Docker. */
  readonly how: string;
}

/** The rows that `apps/cli/integration/podman.test.ts` holds Podman to. */
export function readPodmanRows(root: string): readonly PodmanRow[] {
  return JSON.parse(readFileSync(join(root, "tooling/docs/podman.json"), "utf8")) as PodmanRow[];
}

/** Puts the table between its marks in a page. */
export function replacePodmanTable(page: string, rows: readonly PodmanRow[]): string {
  const [before, rest = ""] = page.split(begin);
  const [, after] = rest.split(end);
  if (after === undefined) throw new Error(`the page has no ${begin} and ${end}`);
  const lines = rows.map(({ verb, works, how }) => `| ${verb} | ${works} | ${how} |\n`);
  return `${before}${begin}\n\n| | works | differs from Docker |\n| --- | --- | --- |\n${lines.join("")}\n${end}${after}`;
}
