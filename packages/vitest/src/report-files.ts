import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { StackGraph } from "@otto/docker";
import { formatGraph } from "@otto/pictures";

/** Where a failed test's files are; all paths are absolute. */
export interface ReportFiles {
  readonly directory: string;
  /** A page: the stack as it was, each service with its state. */
  readonly graph: string;
  /** By container: the last lines of its log. */
  readonly logs: Readonly<Record<string, string>>;
}

export interface ReportPlace {
  /** Holds a directory for each failed test. */
  readonly directory: string;
  /** The names of the test and of the suites around it. */
  readonly test: string;
}

/** What is written of a stack's report. */
interface ReportedStack {
  readonly project: string;
  readonly containers: readonly { readonly name: string; readonly logs: string }[];
}

/** Writes the graph and the logs of a failed test's stack. */
export async function writeReportFiles(
  report: ReportedStack,
  graph: StackGraph,
  { directory: root, test }: ReportPlace,
): Promise<ReportFiles> {
  const directory = join(root, report.project, fileName(test));
  await mkdir(directory, { recursive: true });
  const page = join(directory, "graph.html");
  await writeFile(page, await formatGraph(graph, "html"));
  const logs: [string, string][] = [];
  for (const { name, logs: text } of report.containers) {
    const file = join(directory, `${fileName(name)}.log`);
    await writeFile(file, text === "" ? "" : `${text}\n`);
    logs.push([name, file]);
  }
  return { directory, graph: page, logs: Object.fromEntries(logs) };
}

/** For the error of the test: what a terminal makes a link of. */
export function formatReportFiles({ graph, logs }: ReportFiles): string {
  const lines = Object.entries(logs).map(([name, file]) => `  log of ${name}: ${file}`);
  return [`graph of the stack: ${pathToFileURL(graph).href}`, ...lines].join("\n");
}

const longestName = 100;

/** A name that every file system takes; of texts that differ in more than spaces and dashes, each has its own. */
export function fileName(text: string): string {
  const plain = text.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|-+$/g, "");
  const cut = Array.from(plain).slice(0, longestName).join("") || "unnamed";
  if (cut === text.replaceAll(" ", "-")) return cut;
  return `${cut}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}`;
}
