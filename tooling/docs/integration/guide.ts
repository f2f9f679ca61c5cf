import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A block of a page: a file to write, or commands to run with what they should print. */
export type GuideBlock =
  | { readonly do: "write"; readonly path: string; readonly text: string }
  | { readonly do: "run"; readonly commands: string; readonly expected: string | undefined };

const fence = /^```(\w+)(?: file=(\S+))?\n(.*?)^```$/gms;

/** The blocks of a page in their order: those with `file=`, those in `sh`, and `text` as what the one before it prints. */
export function parseGuide(page: string): readonly GuideBlock[] {
  const found = [...page.matchAll(fence)].map(([, language = "", path, text = ""]) => ({ language, path, text }));
  return found.flatMap(({ language, path, text }, index): readonly GuideBlock[] => {
    if (path !== undefined) return [{ do: "write", path, text }];
    if (language !== "sh") return [];
    const next = found[index + 1];
    return [{ do: "run", commands: text, expected: next?.language === "text" ? next.text : undefined }];
  });
}

/** Runs the blocks of a page one after the other; `cd` and variables last from block to block. */
export class Guide {
  readonly #state: string;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #cwd: string;

  constructor(directory: string, env: Readonly<Record<string, string | undefined>>) {
    this.#cwd = directory;
    this.#state = join(directory, ".cwd");
    this.#env = env;
  }

  async write(path: string, text: string): Promise<void> {
    const target = resolve(this.#cwd, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }

  /** @returns stdout */
  async run(commands: string): Promise<string> {
    const script = `set -euo pipefail\n${commands}\npwd > "$GUIDE_STATE"\n`;
    const env = { ...process.env, ...this.#env, GUIDE_STATE: this.#state };
    const { stdout } = await execute("bash", ["-c", script], { cwd: this.#cwd, env, maxBuffer: 2 ** 26 });
    this.#cwd = (await readFile(this.#state, "utf8")).trim();
    return stdout;
  }
}

/** Whether an output is what a page shows, where `…` stands for anything in a line. */
export function matchesOutput(output: string, shown: string): boolean {
  const escaped = shown.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("…", ".*")}$`).test(output.trim());
}
