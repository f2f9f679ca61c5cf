import {
  findHost,
  findParent,
  type HostData,
  type LabData,
  planParent,
  planRemovalParent,
  type Repo,
} from "@otto/config";
import { createLocalParent, createSshParent, type Parent } from "@otto/hosts";
import type { SshEventListener, SshPromptHandler } from "ssh2-streamer";
import { rememberAnswers } from "./prompt-memory.js";
import { HostRegistry } from "./registry.js";
import { SecretCommands } from "./secret-command.js";
import { SshClientConfig } from "./ssh-client-config.js";
import { planRoute, type SshEnvironment } from "./ssh-route.js";

export interface LabOptions extends SshEnvironment {
  readonly data: LabData;
  readonly repos: readonly Repo[];
  readonly onSshEvent?: SshEventListener | undefined;
  /**
   * Asks a person for what a login needs and nobody has set: passwords and passphrases once, one-time codes each time. Default:
   * nobody is asked.
   */
  readonly onPrompt?: SshPromptHandler | undefined;
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
  /** {@link LabOptions.onPrompt}, with what it remembers. */
  readonly onPrompt: SshPromptHandler | undefined;
  readonly sshConfig: SshClientConfig;
  readonly #onSshEvent: SshEventListener | undefined;
  readonly #parents = new Map<string, Parent>();
  readonly #closers = new Set<() => Promise<void>>();

  constructor(options: LabOptions) {
    this.data = options.data;
    this.repos = options.repos;
    this.sshEnvironment = { secretCommands: new SecretCommands(), ...options };
    this.onPrompt = options.onPrompt && rememberAnswers(options.onPrompt);
    this.sshConfig = new SshClientConfig(options);
    this.#onSshEvent = options.onSshEvent;
  }

  /**
   * A docker-capable host, by id or handle.
   * @throws OttoError `LAB_UNKNOWN_HOST`, `LAB_HOST_NOT_DOCKER_CAPABLE`
   */
  parent(idOrHandle: string): Parent {
    return this.#open(findParent(this.data, idOrHandle));
  }

  /**
   * The parent that a repo's images and stack belong on.
   * @throws OttoError `LAB_UNKNOWN_HOST`, `LAB_HOST_NOT_DOCKER_CAPABLE`, `LAB_NO_PARENT`
   */
  parentFor(repo: Repo, on?: string): Parent {
    return this.#open(planParent(repo, this.data, on));
  }

  /**
   * The same for what takes the stack away, which is not done on a host that stands in for a default host.
   * @throws OttoError as {@link parentFor}, and `LAB_DEFAULT_HOST_MISSING`
   */
  removalParentFor(repo: Repo, on?: string): Parent {
    return this.#open(planRemovalParent(repo, this.data, on));
  }

  /** Any host of the lab, to run commands on; docker-capable or not. */
  machine(idOrHandle: string): Parent {
    return this.#open(findHost(this.data, idOrHandle));
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
    const findRoute = () => planRoute(this.data, host, this.sshEnvironment, this.sshConfig);
    return createSshParent({
      ...dockerOf(host),
      route: { name: host.id, findRoute },
      env: this.sshEnvironment.env,
      onEvent: this.#onSshEvent,
      onPrompt: this.onPrompt,
    });
  }
}

function dockerOf({ id, docker: { command, stagingRoot, socket } }: HostData) {
  return { id, docker: { command, stagingRoot }, socketPath: socket };
}
