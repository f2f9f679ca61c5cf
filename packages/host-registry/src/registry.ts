import type { ContainerState, ContainerStatus } from "@otto/engine";
import { nearestWord, OttoError } from "@otto/errors";
import type { DockerContainerHost } from "@otto/hosts";

/** What `--list-hosts` shows of a container host. */
export interface ContainerHostRow {
  readonly id: string;
  readonly service: string;
  readonly project: string;
  readonly state: HostState;
  /** That of its container's last end; for `exited`, `dead` and `restarting`. */
  readonly exitCode?: number | undefined;
}

/** `placeholder`: declared, and nobody has looked; else what its container was at when this process last looked. */
export type HostState = "placeholder" | ContainerState;

interface Entry {
  readonly host: DockerContainerHost;
  /** `silent`: known by its id, and not listed before it runs. */
  readonly declared: "listed" | "silent" | undefined;
  /** Undefined for one that is only declared. */
  readonly status: ContainerStatus | undefined;
}

/**
 * The container hosts of a lab: those that ran when last looked at, and those that the repos declare. One id may have a
 * host in each of several Compose projects; they come and go apart.
 */
export class HostRegistry {
  /** By key and project; who runs since last is last. */
  readonly #entries = new Map<string, Entry>();

  /**
   * Makes a declared host known before its stack is up. One that is known already stays.
   * @param options `listed`: whether `list` shows it before it runs; default true
   */
  declare(host: DockerContainerHost, { listed = true }: { readonly listed?: boolean } = {}): void {
    const known = this.#entries.get(keyOf(host));
    const declared = listed || known?.declared === "listed" ? "listed" : "silent";
    this.#entries.set(keyOf(host), { host: known?.host ?? host, declared, status: known?.status });
  }

  /** Notes that a host has a container; the one that was known in its project by this id stays the same object. */
  register(host: DockerContainerHost, status: ContainerStatus = { state: "running" }): DockerContainerHost {
    const key = keyOf(host);
    const known = this.#entries.get(key);
    this.#entries.delete(key);
    const kept = known?.host ?? host;
    kept.noteMoved(host);
    this.#entries.set(key, { host: kept, declared: known?.declared, status });
    return kept;
  }

  /**
   * Closes the hosts of one Compose project; declared ones stay as placeholders.
   * @param parent id of the parent that the project is on, or managed on; default: wherever it is
   * @param services whose hosts are closed; default: all
   */
  async unregister(project: string, parent?: string, services?: ReadonlySet<string>): Promise<void> {
    const isOn = ({ key }: DockerContainerHost) => parent === undefined || key.startsWith(`${parent}.`);
    const gone = [...this.#entries].filter(
      ([, { host }]) => host.project === project && isOn(host) && services?.has(host.service) !== false,
    );
    for (const [key, { host, declared }] of gone) {
      if (declared === undefined) this.#entries.delete(key);
      else this.#entries.set(key, { host, declared, status: undefined });
    }
    await Promise.all(gone.map(([, { host }]) => host[Symbol.asyncDispose]()));
  }

  /**
   * The host of this id. Of several Compose projects, that which runs since last.
   * @throws OttoError `HOST_UNKNOWN` listing the ids there are
   */
  get(id: string): DockerContainerHost {
    const entries = this.#entriesOf(id);
    const entry = entries.findLast(({ status }) => status !== undefined) ?? entries.at(-1);
    if (entry !== undefined) return entry.host;
    const known = [...new Set(this.list().map((row) => row.id))];
    throw new OttoError("HOST_UNKNOWN", `looking for the container host ${id}: there is none`, {
      hint:
        known.length === 0
          ? "Bring its stack up: otto docker up"
          : `${didYouMean(id, known)}Known container hosts: ${known.join(", ")}. Those of another stack are known once it is up: otto docker up`,
      details: { host: id, known },
    });
  }

  /** Every host, also those that are not listed before they run; of several Compose projects, each its own. */
  all(): DockerContainerHost[] {
    return [...this.#entries.values()].map(({ host }) => host);
  }

  has(id: string): boolean {
    return this.#entriesOf(id).length > 0;
  }

  /** Of a host that is registered or declared; `placeholder` for any other, too. */
  stateOf({ id, project }: Pick<DockerContainerHost, "id" | "project">): HostState {
    const entry = this.#entriesOf(id).find(({ host }) => host.project === project);
    return entry?.status?.state ?? "placeholder";
  }

  list(): ContainerHostRow[] {
    return [...this.#entries.values()]
      .filter(({ declared, status }) => status !== undefined || declared === "listed")
      .map(({ host: { id, service, project }, status }) => ({
        id,
        service,
        project,
        ...(status ?? { state: "placeholder" as const }),
      }));
  }

  /** Closes every host's shell. */
  async close(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ host }) => host[Symbol.asyncDispose]()));
  }

  #entriesOf(id: string): Entry[] {
    return [...this.#entries.values()].filter(({ host }) => host.id === id.toLowerCase());
  }
}

function keyOf({ key, project }: Pick<DockerContainerHost, "key" | "project">): string {
  return `${key} ${project}`;
}

function didYouMean(id: string, known: readonly string[]): string {
  const near = nearestWord(id, known);
  return near === undefined ? "" : `Did you mean "${near}"? `;
}
