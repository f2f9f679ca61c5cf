import { OttoError } from "@otto/errors";
import type { DockerContainerHost } from "@otto/hosts";

/** What `--list-hosts` shows of a container host. */
export interface ContainerHostRow {
  readonly id: string;
  readonly service: string;
  readonly project: string;
  /** `running`: brought up or looked up by this process; `placeholder`: declared. */
  readonly state: "running" | "placeholder";
}

interface Entry {
  readonly host: DockerContainerHost;
  readonly declared: boolean;
  readonly running: boolean;
}

/** The container hosts of a lab: those that ran when last looked at, and those that the repos declare. */
export class HostRegistry {
  readonly #entries = new Map<string, Entry>();

  /** Makes a declared host known before its stack is up. One that is known already stays. */
  declare(host: DockerContainerHost): void {
    if (!this.#entries.has(host.id)) this.#entries.set(host.id, { host, declared: true, running: false });
  }

  /** Notes that a host runs; the one that was known by this id stays the same object. */
  register(host: DockerContainerHost): DockerContainerHost {
    const known = this.#entries.get(host.id);
    const kept = known?.host.project === host.project ? known.host : host;
    this.#entries.set(host.id, { host: kept, declared: known?.declared ?? false, running: true });
    return kept;
  }

  /** Closes the hosts of one Compose project; declared ones stay as placeholders. */
  async unregister(project: string): Promise<void> {
    for (const [id, { host, declared }] of this.#entries) {
      if (host.project !== project) continue;
      await host[Symbol.asyncDispose]();
      if (declared) this.#entries.set(id, { host, declared, running: false });
      else this.#entries.delete(id);
    }
  }

  /** @throws OttoError `HOST_UNKNOWN` listing the ids there are */
  get(id: string): DockerContainerHost {
    const entry = this.#entries.get(id.toLowerCase());
    if (entry !== undefined) return entry.host;
    const known = [...this.#entries.keys()];
    throw new OttoError("HOST_UNKNOWN", `looking for the container host ${id}: there is none`, {
      hint: known.length === 0 ? "Bring a stack up: otto docker up" : `Known container hosts: ${known.join(", ")}.`,
      details: { host: id, known },
    });
  }

  has(id: string): boolean {
    return this.#entries.has(id.toLowerCase());
  }

  list(): ContainerHostRow[] {
    return [...this.#entries.values()].map(({ host, running }) => ({
      id: host.id,
      service: host.service,
      project: host.project,
      state: running ? "running" : "placeholder",
    }));
  }

  /** Closes every host's shell. */
  async close(): Promise<void> {
    await Promise.all([...this.#entries.values()].map(({ host }) => host[Symbol.asyncDispose]()));
  }
}
