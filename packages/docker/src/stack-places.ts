import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Repo } from "@otto/config";
import { type Lab, stateDirectory } from "@otto/host-registry";

/**
 * Notes, in the user's state directory, the parents that a repo's stack has been brought up on: nobody is asked for it. What
 * another user or machine brought up is not in it.
 */
export class StackPlaces {
  readonly #lab: string;
  readonly #known: ReadonlySet<string>;
  readonly #path: string;

  /** @param project its Compose project, a valid name */
  constructor(lab: Lab, project: string) {
    this.#lab = lab.data.name;
    this.#known = new Set(lab.data.hosts.map(({ id }) => id));
    this.#path = join(stateDirectory(lab.sshEnvironment), "places", `${project}.json`);
  }

  /** The parents of this lab that it was brought up on, and not taken down from since. */
  async list(): Promise<readonly string[]> {
    return ((await this.#read())[this.#lab] ?? []).filter((parent) => this.#known.has(parent));
  }

  /** @returns those of before that are not among `parents`, once: what is done with them is the caller's matter */
  async replace(parents: readonly string[]): Promise<string[]> {
    const before = await this.#read();
    await this.#write({ ...before, [this.#lab]: [...parents] });
    return (before[this.#lab] ?? []).filter((parent) => !parents.includes(parent) && this.#known.has(parent));
  }

  /** The stack is gone from there. */
  async forget(parent: string): Promise<void> {
    const before = await this.#read();
    const places = before[this.#lab];
    if (places?.includes(parent)) await this.#write({ ...before, [this.#lab]: places.filter((id) => id !== parent) });
  }

  async #read(): Promise<Record<string, string[]>> {
    try {
      const places: unknown = JSON.parse(await readFile(this.#path, "utf8"));
      const entries = Object.entries(places ?? {}).filter((entry): entry is [string, string[]] =>
        Array.isArray(entry[1]),
      );
      return Object.fromEntries(entries);
    } catch {
      // Not there, or not ours: nothing is known.
      return {};
    }
  }

  /** That it cannot be noted must not fail what was done. */
  async #write(places: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const left = Object.entries(places).filter(([, parents]) => parents.length > 0);
    try {
      if (left.length === 0) return await rm(this.#path, { force: true });
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      const written = `${this.#path}.${process.pid}`;
      await writeFile(written, JSON.stringify(Object.fromEntries(left)), { mode: 0o600 });
      await rename(written, this.#path);
    } catch {}
  }
}

/** Whether the settings place entries one by one: then one of them may move while the others stay. */
export function placesEntries({ docker }: Repo): boolean {
  return docker.composes.some(({ name, role }) => name !== undefined || role !== undefined);
}

/** One sentence for a person. */
export function formatLeftBehind(project: string, parent: string): string {
  return `an earlier up brought ${project} up on ${parent}, where nothing of it belongs now: \`otto docker down --on ${parent}\` removes what is there`;
}
