import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { Stream } from "node:stream";
import { promisify } from "node:util";
import { queryObjects } from "node:v8";
import { createMemoryGauge } from "./memory-gauge.js";

const execute = promisify(execFile);

/** What a process does again and again. */
export interface LongLife {
  /** Absolute path that names this test's hosts, as `directory` of a lab: the processes of their shells have it in their environment. */
  readonly directory: string;
  /** Given to all that is done. */
  readonly signal: AbortSignal;
  /** Whose CPU time is measured: one exec. */
  readonly exec: () => Promise<unknown>;
  /** What is done to how often it is done, in this order. */
  readonly works: ReadonlyMap<string, LongWork>;
  /** Further things to count, which may not grow at all. */
  readonly count?: () => Promise<Readonly<Record<string, number>>>;
}

export interface LongWork {
  readonly times: number;
  readonly work: () => Promise<unknown>;
}

type Sample = Readonly<Record<string, number>>;

/** By how much what is counted may grow; what is not named here may not grow at all, and the CPU time is not judged. */
const slack: Sample = {
  descriptors: 4,
  streams: 24,
  signals: 8,
  processes: 4,
  heldMiB: 16,
  execMs: Number.POSITIVE_INFINITY,
};

/**
 * Does each work as often as it says and prints a table of what this process and this machine hold after each.
 * @returns a line for each thing that grew; none is right
 */
export async function findGrowth(life: LongLife): Promise<string[]> {
  const { directory, signal, exec, works, count = async () => ({}) } = life;
  const heldBytes = createMemoryGauge();
  const sample = async (isWhole: boolean): Promise<Sample> => {
    const execMs = await cpuTimeOf(exec);
    return {
      descriptors: (await readdir("/proc/self/fd")).length,
      ...(isWhole && countObjects()),
      listeners: getEventListeners(signal, "abort").length,
      processes: await countProcesses(directory),
      heldMiB: Math.round(heldBytes() / 2 ** 20),
      execMs,
      ...(await count()),
    };
  };
  // What is set up once: connections, shells, code that is compiled.
  for (const { work } of works.values()) await work();
  const first = await sample(true);
  let last = first;
  const lastWork = [...works.keys()].at(-1);
  const rows: object[] = [{ after: "the start", ...first }];
  for (const [name, { times, work }] of works) {
    for (let n = 0; n < times; n += 1) await work();
    // A look at all objects takes longer than a few calls.
    last = await sample(name === lastWork || times >= 50);
    rows.push({ after: `${times} x ${name}`, ...last });
  }
  console.table(rows);
  return Object.entries(last)
    .filter(([thing, now]) => now > (first[thing] ?? 0) + (slack[thing] ?? 0))
    .map(([thing, now]) => `${thing}: ${first[thing]} at the start, ${now} at the end`);
}

/** Those that something still refers to. */
function countObjects() {
  return {
    streams: queryObjects(Stream, { format: "count" }),
    signals: queryObjects(AbortSignal, { format: "count" }),
  };
}

/** Milliseconds of this process for one call, rounded to a tenth. */
async function cpuTimeOf(exec: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < 5; n += 1) await exec();
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / 5 / 100) / 10;
}

/** What descends from this process, and what was left by something that did; not what tests beside this one start. */
async function countProcesses(directory: string): Promise<number> {
  const { stdout } = await execute("ps", ["-e", "-o", "pid=,ppid="]);
  const parents = new Map(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/ +/).map(Number) as [number, number]),
  );
  const descends = (pid: number): boolean =>
    pid === process.pid || (parents.has(pid) && descends(parents.get(pid) ?? 0));
  const ours = await Promise.all([...parents.keys()].map(async (pid) => descends(pid) || (await isOf(directory, pid))));
  return ours.filter(Boolean).length;
}

/** Whether a process has the path in its environment; one that has ended or is another user's does not. */
async function isOf(directory: string, pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "")).includes(directory);
}
