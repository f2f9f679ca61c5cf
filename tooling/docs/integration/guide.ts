import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);
const root = resolve(import.meta.dirname, "../../..");

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

/** Machines of `@otto/lab`. */
interface GuideMachines {
  readonly knownHostsPath: string;
  readonly hosts: Readonly<Record<string, { readonly address: string; readonly privateKeyPath: string }>>;
}

/** A page's text with the addresses of these machines in the place of those that it invents: 10.0.0.11, 10.0.0.12 and on. */
export function forMachines(text: string, { hosts }: GuideMachines): string {
  const addresses = Object.values(hosts).map(({ address }) => address);
  return text.replaceAll(/10\.0\.0\.1(\d)/g, (invented, digit) => addresses[Number(digit) - 1] ?? invented);
}

/** Runs the blocks of a page one after the other; `cd` and variables last from block to block. */
export class Guide implements AsyncDisposable {
  /** Where it begins: a directory of its own. */
  readonly directory: string;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #cwd: string;

  /**
   * Begins in an empty directory, with this workspace's `otto` in the `PATH` and nothing set that names a lab or repositories.
   * @param suffix of the names of stacks
   */
  static async open(suffix: string): Promise<Guide> {
    const directory = await mkdtemp(join(tmpdir(), "otto-guide-"));
    const bin = join(directory, "bin");
    await mkdir(bin);
    await symlink(join(root, "apps/cli/bin/otto.js"), join(bin, "otto"));
    return new Guide(directory, {
      PATH: [bin, process.env.PATH].join(delimiter),
      OTTO_COMPOSE_SUFFIX: `guide-${suffix}`,
      OTTO_LAB: undefined,
      OTTO_SUT_DIRS: undefined,
    });
  }

  /** The same, of a user who has a key for these machines and knows them. */
  static async forMachines(suffix: string, machines: GuideMachines): Promise<Guide> {
    const opened = await Guide.open(suffix);
    const home = opened.directory;
    const ssh = join(home, ".ssh");
    await mkdir(ssh, { mode: 0o700 });
    const [machine] = Object.values(machines.hosts);
    if (machine === undefined) throw new TypeError("there is no machine");
    await copyFile(machine.privateKeyPath, join(ssh, "id_ed25519"));
    await copyFile(machines.knownHostsPath, join(ssh, "known_hosts"));
    return opened.with({ HOME: home, OTTO_TRUST: home, XDG_STATE_HOME: undefined, XDG_CACHE_HOME: undefined });
  }

  private constructor(directory: string, env: Readonly<Record<string, string | undefined>>) {
    this.directory = directory;
    this.#cwd = directory;
    this.#env = env;
  }

  /** The same with further variables. */
  with(env: Readonly<Record<string, string | undefined>>): Guide {
    return new Guide(this.directory, { ...this.#env, ...env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true });
  }

  async write(path: string, text: string): Promise<void> {
    const target = resolve(this.#cwd, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }

  /** @returns stdout */
  async run(commands: string): Promise<string> {
    const script = `set -euo pipefail\n${commands}\npwd > "$GUIDE_STATE"\n`;
    const state = join(this.directory, ".cwd");
    const env = { ...process.env, ...this.#env, GUIDE_STATE: state };
    const { stdout } = await execute("bash", ["-c", script], { cwd: this.#cwd, env, maxBuffer: 2 ** 26 });
    this.#cwd = (await readFile(state, "utf8")).trim();
    return stdout;
  }
}

/** Whether an output is what a page shows, where `…` stands for anything in a line. */
export function matchesOutput(output: string, shown: string): boolean {
  const escaped = shown.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("…", ".*")}$`).test(output.trim());
}
