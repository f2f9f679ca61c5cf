import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchArguments } from "./arguments.js";
import { type LinkName, type Route, startLinks } from "./link.js";
import type { RowResult } from "./result.js";
import type { Area, Bench } from "./row.js";
import { runRow } from "./run-row.js";
import { run } from "./shell.js";
import { openSshClients } from "./ssh-client.js";
import { openSubject, type Subject } from "./subject.js";

export interface AreaRun extends Pick<BenchArguments, "rounds" | "links" | "scale" | "services" | "of" | "rows"> {
  /** The checkout that is measured. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  onRow(result: RowResult): void;
}

/** Lays what an area needs, runs its rows and removes all of it again. */
export async function runArea(area: Area, settings: AreaRun): Promise<readonly RowResult[]> {
  const undo: (() => unknown)[] = [];
  try {
    const bench = await openBench(area, settings, undo);
    const opened = await area.open(bench);
    undo.push(() => opened[Symbol.asyncDispose]?.());
    const results: RowResult[] = [];
    for (const row of opened.rows.filter(({ what }) => what.includes(settings.rows ?? ""))) {
      const result = await runRow(row, bench, settings.rounds);
      row.done?.();
      settings.onRow(result);
      results.push(result);
    }
    return results;
  } finally {
    for (const step of undo.toReversed()) await step();
  }
}

/** @param undo gets what ends each thing that is started */
async function openBench(area: Area, settings: AreaRun, undo: (() => unknown)[]): Promise<Bench> {
  const directory = mkdtempSync(join(tmpdir(), "otto-bench-"));
  undo.push(() => rmSync(directory, { recursive: true, force: true }));
  const links = area.usesLinks === true ? await startLinks(settings.links) : undefined;
  undo.push(() => links?.[Symbol.asyncDispose]());
  const routes: ReadonlyMap<LinkName, readonly Route[]> = links?.routes ?? new Map();
  const all = [...routes.values()].flat();
  const env = { ...settings.env, HOME: join(directory, "home") };
  mkdirSync(env.HOME);
  const ssh = await openSshClients(directory, all, env);
  undo.push(() => ssh.close());
  const subjects: Subject[] = [];
  for (const { name, root } of subjectsOf(settings)) {
    const subject = await openSubject({ name, root, directory: join(directory, `home-${subjects.length}`), env }, all);
    undo.push(() => subject.close());
    subjects.push(subject);
  }
  const [otto] = subjects;
  if (otto === undefined) throw new Error("bench: nothing to measure");
  const { scale, services } = settings;
  return { otto, subjects, links: routes, directory, scale, services, ssh };
}

function subjectsOf({ root, of }: AreaRun): readonly { readonly name: string; readonly root: string }[] {
  return [{ name: "otto", root }, ...(of === undefined ? [] : [{ name: `otto before (${revisionOf(of)})`, root: of }])];
}

/** Of the checkout, as git names it. */
function revisionOf(root: string): string {
  return run("git", "-C", root, "describe", "--all", "--always").trim().replace("heads/", "");
}
