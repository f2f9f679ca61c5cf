import {
  findHost,
  findParent,
  findRepo,
  type HostData,
  type LabData,
  LocalCommands,
  type Placement,
  type PlacementChoice,
  planPlacements,
  planRemovalPlacements,
  type Repo,
} from "@otto/config";
import { isOttoError } from "@otto/errors";
import { createLocalParent, createSshParent, type Parent } from "@otto/hosts";
import type { SshEventListener, SshPromptHandler } from "ssh2-streamer";
import { type EachOptions, eachPart } from "./each-part.js";
import { keptConnectionDirectories } from "./kept-connections.js";
import { describeMachine, explainUnknown, withOwnId } from "./named-machine.js";
import { rememberAnswers } from "./prompt-memory.js";
import { HostRegistry } from "./registry.js";
import { SshClientConfig } from "./ssh-client-config.js";
import { planRoute, type SshEnvironment } from "./ssh-route.js";

export interface LabOptions extends SshEnvironment {
  readonly data: LabData;
  readonly repos: readonly Repo[];
  readonly onSshEvent?: SshEventListener | undefined;
  /**
   * Gets what calls on the lab tell their own `onEvent`, and the phases of their work: for a trace. It must not throw. Default:
   * nobody listens.
   */
  readonly onActivity?: ((event: { readonly type: string }) => void) | undefined;
  /**
   * Asks a person for what a login needs and nobody has set: passwords and passphrases once, one-time codes each time. Default:
   * nobody is asked.
   */
  readonly onPrompt?: SshPromptHandler | undefined;
}

/** What of a repo belongs on one parent: the repo with the `[[docker.composes]]` of that parent alone. */
export interface RepoPart {
  readonly repo: Repo;
  readonly parent: Parent;
  /** All parts of the repo that one call has found, this one too. Default: this one alone. */
  readonly all?: readonly RepoPart[] | undefined;
}

/**
 * The hosts that a program works on. Parents are connected at their first use and shared by everything; dispose the
 * lab to close them. Calls may be made concurrently.
 */
export class Lab implements AsyncDisposable {
  readonly data: LabData;
  readonly repos: readonly Repo[];
  readonly hosts = new HostRegistry();
  readonly sshEnvironment: SshEnvironment;
  /** Runs the commands that print secrets, each once. */
  readonly commands: LocalCommands;
  /** {@link LabOptions.onPrompt}, with what it remembers. */
  readonly onPrompt: SshPromptHandler | undefined;
  /** {@link LabOptions.onActivity} */
  readonly onActivity: LabOptions["onActivity"];
  readonly sshConfig: SshClientConfig;
  readonly #onSshEvent: SshEventListener | undefined;
  readonly #parents = new Map<string, Parent>();
  /** Of several parts of a repo, each by its own repo, with what placed it. */
  readonly #parts = new WeakMap<Repo, { readonly part: RepoPart; readonly on: string | undefined }>();
  /** Those without a lab, by name and id. */
  readonly #machines = new Map<string, HostData>();
  /** By the root of the repo. */
  readonly #preferred = new Map<string, readonly string[]>();
  readonly #closers = new Set<() => Promise<void>>();

  constructor(options: LabOptions) {
    this.data = options.data;
    this.repos = options.repos;
    this.commands = options.commands ?? new LocalCommands();
    this.sshEnvironment = { ...options, commands: this.commands };
    this.onPrompt = options.onPrompt && rememberAnswers(options.onPrompt);
    this.sshConfig = new SshClientConfig(options);
    this.onActivity = options.onActivity;
    this.#onSshEvent = options.onSshEvent;
  }

  /**
   * One repository: the one of this name, else the only one.
   * @throws OttoError `CONFIG_NO_REPO`, `CONFIG_UNKNOWN_REPO`, `CONFIG_REPO_AMBIGUOUS`
   */
  repo(name?: string): Repo {
    return findRepo(this.repos, name);
  }

  /**
   * A host by id or handle, or a machine that its name alone describes: an alias of the user's SSH configuration, or
   * `ssh://[user@]host[:port]`. It is docker-capable, and a host of the lab that is called so goes before it. Nothing is run or
   * connected to.
   * @throws OttoError `LAB_UNKNOWN_HOST` with the names there are, `LAB_SSH_CONFIG_UNREADABLE`, `SSH_CONFIG_INVALID`
   */
  findHost(name: string): HostData {
    try {
      return findHost(this.data, name);
    } catch (error) {
      if (!isOttoError(error, "LAB_UNKNOWN_HOST")) throw error;
      const machine = this.#machines.get(name) ?? this.#describe(name);
      if (machine !== undefined) return machine;
      throw explainUnknown(error, this.sshConfig);
    }
  }

  /**
   * A docker-capable host, by what {@link findHost} takes.
   * @throws OttoError as {@link findHost}, and `LAB_HOST_NOT_DOCKER_CAPABLE`
   */
  parent(name: string): Parent {
    return this.#open(this.#findParent(name));
  }

  /**
   * The parent that a repo's images and stack belong on; of several, the first of {@link partsOf}.
   * @param on as of {@link partsOf}
   * @throws OttoError as {@link partsOf}
   */
  parentFor(repo: Repo, on?: string): Parent {
    const [first] = planPlacements(repo, this.data, this.#choiceOf(repo, on));
    // There is always one.
    return this.#open((first as Placement).host);
  }

  /**
   * The parents that a repo's stack and images belong on, each with what of the repo belongs there; at least one. The repo of
   * one of several parts is that part alone, wherever it was placed.
   * @param on as `--on` takes it: what {@link findHost} takes, `all`, and `NAME=HOST`, separated by commas
   * @throws OttoError as {@link parent}, and what `planPlacements` throws
   */
  partsOf(repo: Repo, on?: string): RepoPart[] {
    const own = on === undefined ? this.#parts.get(repo) : undefined;
    if (own !== undefined) return [own.part];
    return this.#openParts(planPlacements(repo, this.data, this.#choiceOf(repo, on)), on);
  }

  /**
   * The same for what takes the stack away, which is not done on a host that stands in for a default host.
   * @throws OttoError as {@link partsOf}, and `LAB_DEFAULT_HOST_MISSING`
   */
  removalPartsOf(repo: Repo, on?: string): RepoPart[] {
    const own = on === undefined ? this.#parts.get(repo) : undefined;
    // Who named its parent means it.
    if (own?.on !== undefined) return [own.part];
    const placements = planRemovalPlacements(repo, this.data, this.#choiceOf(repo, on));
    return own === undefined ? this.#openParts(placements, on) : [own.part];
  }

  /**
   * Has entries of a repo go to one of these hosts, where it has their role; otherwise to the first of the lab with that role.
   * @param hosts ids, the best one first; undefined: that is open again
   */
  preferHosts({ root }: Repo, hosts: readonly string[] | undefined): void {
    if (hosts === undefined) this.#preferred.delete(root);
    else this.#preferred.set(root, hosts);
  }

  /** What {@link preferHosts} was given for a repo. */
  preferredHosts({ root }: Repo): readonly string[] | undefined {
    return this.#preferred.get(root);
  }

  /**
   * Does the same on several docker-capable hosts, side by side. One that fails does not stop the others.
   * @param parents by what {@link findHost} takes; `all`: every docker-capable host of the lab
   * @returns what `work` gave, in the order of the parents
   * @throws OttoError as {@link parent} before anything is done; then what `eachPart` throws
   */
  async eachParent<T>(
    parents: readonly string[] | "all",
    work: (parent: Parent) => Promise<T>,
    options: EachOptions = {},
  ): Promise<T[]> {
    const capable = this.data.hosts.filter(({ dockerCapable }) => dockerCapable);
    const opened =
      parents === "all" ? capable.map((host) => this.#open(host)) : parents.map((name) => this.parent(name));
    const parts = [...new Set(opened)].map((parent) => ({ parent }));
    return eachPart(parts, ({ parent }) => work(parent), options);
  }

  /** Any host that {@link findHost} finds, to run commands on; docker-capable or not. */
  machine(name: string): Parent {
    return this.#open(this.findHost(name));
  }

  /**
   * Has `close` run when the lab is disposed, while its parents still answer.
   * @returns what takes that back
   */
  beforeClose(close: () => Promise<void>): () => void {
    this.#closers.add(close);
    return () => this.#closers.delete(close);
  }

  /**
   * Ends what was opened in the lab, then closes the container hosts and their parents.
   * @throws what ending it threw, after all is closed
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const ends = await Promise.allSettled([...this.#closers].map((close) => close()));
    await this.hosts.close();
    await Promise.all([...this.#parents.values()].map((parent) => parent[Symbol.asyncDispose]()));
    this.#parents.clear();
    const failed = ends.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  #choiceOf({ root }: Repo, on: string | undefined): PlacementChoice {
    return { on, prefer: this.#preferred.get(root), find: (name) => this.#findParent(name) };
  }

  #openParts(placements: readonly Placement[], on: string | undefined): RepoPart[] {
    const all: RepoPart[] = [];
    for (const { host, repo } of placements) {
      const part = { repo: placements.length > 1 ? { ...repo } : repo, parent: this.#open(host), all };
      if (placements.length > 1) this.#parts.set(part.repo, { part, on });
      all.push(part);
    }
    return all;
  }

  #findParent(name: string): HostData {
    const host = this.findHost(name);
    return host.dockerCapable ? host : findParent(this.data, name);
  }

  #describe(name: string): HostData | undefined {
    const described = describeMachine(name, this.sshConfig);
    if (described === undefined) return undefined;
    const machine = withOwnId(described, [...this.data.hosts, ...this.#machines.values()], this.sshConfig);
    // By its id too, as the hosts of the lab.
    for (const key of [name, machine.id]) this.#machines.set(key, machine);
    return machine;
  }

  #open(host: HostData): Parent {
    const known = this.#parents.get(host.id);
    if (known !== undefined) return known;
    const parent = host.isLocal ? this.#openLocal(host) : this.#openSsh(host);
    this.#parents.set(host.id, parent);
    return parent;
  }

  #openLocal(host: HostData): Parent {
    return createLocalParent({ ...dockerOf(host), env: this.sshEnvironment.env });
  }

  #openSsh(host: HostData): Parent {
    const findRoute = (signal: AbortSignal) =>
      planRoute(this.data, host, { ...this.sshEnvironment, signal }, this.sshConfig);
    return createSshParent({
      ...dockerOf(host),
      route: { name: host.id, findRoute },
      env: this.sshEnvironment.env,
      keepIn: keptConnectionDirectories(this.sshEnvironment),
      onEvent: this.#onSshEvent,
      onPrompt: this.onPrompt,
    });
  }
}

function dockerOf({ id, docker: { command, stagingRoot, socket } }: HostData) {
  return { id, docker: { command, stagingRoot }, socketPath: socket };
}
