import { queryStack, readStackConfig } from "@otto/compose";
import type { Repo } from "@otto/config";
import { cleanText, OttoError } from "@otto/errors";
import type { Lab, RepoPart } from "@otto/host-registry";
import { findCompose, type Parent } from "@otto/hosts";
import { readPartStatus, type StackStatus } from "./compose-status.js";
import { checkServices } from "./declared-services.js";
import { callParts, choosePartCalls, joinRows, type OnParent, type PartResult } from "./repo-parts.js";
import type { ServiceStatus, StackContainer } from "./service-status.js";
import { locateStack, type PlacementOptions, placementOf, placeStack } from "./stack-placement.js";
import { requireComposeEngine } from "./swarm/stack-engine.js";

export interface ComposeQueryOptions extends PlacementOptions {
  /** Default: all. */
  readonly services?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The image of a container, as `docker compose images --format json` has it; later versions of Compose add fields. */
export interface ComposeImage {
  /** `sha256:…` */
  readonly ID: string;
  readonly ContainerName: string;
  readonly Repository: string;
  readonly Tag: string;
  /** Bytes. */
  readonly Size: number;
}

/**
 * The images of a stack's containers, one a container.
 * @throws OttoError `COMPOSE_UNKNOWN_SERVICE`, and what `queryStack` throws
 */
export async function composeImages(
  repo: Repo,
  lab: Lab,
  options: ComposeQueryOptions = {},
): Promise<readonly OnParent<ComposeImage>[]> {
  const read = (line: string) => JSON.parse(line) as ComposeImage | readonly ComposeImage[];
  const texts = await query(repo, lab, { ...options, words: ["images", "--format", "json"] });
  return joinRows(
    texts.map(({ part, value }) => {
      const lines = value.split("\n").filter((line) => line.trim() !== "");
      return { part, value: lines.flatMap(read) };
    }),
  );
}

/** The processes of a stack's containers, as `docker compose top` prints them. @throws as {@link composeImages} */
export async function composeTop(repo: Repo, lab: Lab, options: ComposeQueryOptions = {}): Promise<string> {
  const texts = await query(repo, lab, { ...options, words: ["top"] });
  return texts.map(({ value }) => value).join("\n");
}

/**
 * Where a port of a service is published: `0.0.0.0:8080`. Of several parents, on the first that has the service.
 * @param port `target`: the container's; `protocol`: default `tcp`; `index`: of the replica, default 1
 * @throws OttoError as {@link composeImages}; `COMPOSE_QUERY_FAILED` when it is not published
 */
export async function composePort(
  repo: Repo,
  lab: Lab,
  {
    service,
    port: { target, protocol = "tcp", index = 1 },
    ...options
  }: Omit<ComposeQueryOptions, "services"> & {
    readonly service: string;
    readonly port: {
      readonly target: number;
      readonly protocol?: string | undefined;
      readonly index?: number | undefined;
    };
  },
): Promise<string> {
  const doing = "looking for a port";
  const [first] = await choosePartCalls({ repo, lab, doing }, { ...options, services: [service] });
  // A part is left, or the service is unknown.
  const { part } = first as NonNullable<typeof first>;
  requireComposeEngine(part, "otto docker port", insteadOfQuery);
  await checkServices(part, lab, { ...placementOf(options), services: [service], doing });
  const words = ["port", `--protocol=${protocol}`, `--index=${index}`, "--", service, String(target)];
  return (await queryStack(locateStack(part, lab, options), words, options)).trim();
}

const insteadOfQuery = "`otto docker ps` lists its tasks; on a manager, `docker stack services` has images and ports.";

interface Query extends ComposeQueryOptions {
  readonly words: readonly string[];
}

async function query(repo: Repo, lab: Lab, { words, ...options }: Query): Promise<PartResult<string>[]> {
  const doing = `asking for ${words[0] ?? ""}`;
  return callParts({ repo, lab, doing }, options, async (part, own) => {
    requireComposeEngine(part, `otto docker ${words[0] ?? ""}`, insteadOfQuery);
    const named = (await checkServices(part, lab, { ...placementOf(own), services: own.services, doing })) ?? [];
    return queryStack(locateStack(part, lab, own), [...words, "--", ...named], own);
  });
}

/**
 * What `docker compose config` prints: the stack as it would be deployed, with the paths of this machine, and without what
 * the stack's secrets hold. Variables are printed as they are. What belongs on another parent comes behind a line `---`.
 * @param options `words`: further options of it
 * @throws OttoError as {@link composeImages}, and what `readStackConfig` throws
 */
export async function composeConfig(
  repo: Repo,
  lab: Lab,
  { words = [], ...options }: ComposeQueryOptions & { readonly words?: readonly string[] } = {},
): Promise<string> {
  const doing = "reading the stack";
  const texts = await callParts({ repo, lab, doing }, options, async (part, { services, signal, ...own }) => {
    const named = (await checkServices(part, lab, { ...own, services, doing })) ?? [];
    return readStackConfig(await placeStack(part, lab, own), [...words, "--", ...named], { signal });
  });
  return texts.map(({ value }) => value).join("---\n");
}

/** What a container uses, as `docker stats --format json` has it. */
export interface ContainerStats {
  readonly ID: string;
  readonly Name: string;
  readonly CPUPerc: string;
  readonly MemUsage: string;
  readonly MemPerc: string;
  readonly NetIO: string;
  readonly BlockIO: string;
  readonly PIDs: string;
}

/**
 * What a stack's running containers use just now; it takes a second or two.
 * @throws OttoError as {@link composeImages}, `COMPOSE_QUERY_FAILED`
 */
export async function composeStats(
  repo: Repo,
  lab: Lab,
  options: ComposeQueryOptions = {},
): Promise<readonly OnParent<ContainerStats>[]> {
  const call = { repo, lab, doing: "listing containers" };
  return joinRows(await callParts(call, options, (part, own) => readStats(part, lab, own)));
}

async function readStats(part: RepoPart, lab: Lab, options: ComposeQueryOptions): Promise<readonly ContainerStats[]> {
  const { services } = await readPartStatus(part, lab, options);
  const running = services.filter(({ container }) => container?.row.State === "running");
  const parents = [...new Set(running.map((service) => parentOf(part, lab, service)))];
  const read = parents.map((parent) => {
    const own = containersOf(running.filter((service) => parentOf(part, lab, service) === parent));
    return readStatsOn(
      parent,
      own.map(({ id }) => id),
      options,
    );
  });
  return (await Promise.all(read)).flat();
}

async function readStatsOn(
  parent: Parent,
  ids: readonly string[],
  options: ComposeQueryOptions,
): Promise<readonly ContainerStats[]> {
  const argv = [...parent.docker.command, "stats", "--no-stream", "--format", "{{json .}}", ...ids];
  const { exitCode, stdout, stderr } = await parent.exec(argv, { signal: options.signal });
  if (exitCode !== 0) {
    throw new OttoError(
      "COMPOSE_QUERY_FAILED",
      `docker stats on ${parent.id}: ${cleanText(stderr.toString()).trim() || "it said nothing"}`,
      { details: { host: parent.id } },
    );
  }
  const lines = stdout.toString().split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as ContainerStats);
}

/**
 * What the engine says of a stack's containers, stopped ones too, as `docker inspect`. The engine's own text: variables and labels
 * are in it as they are.
 * @throws OttoError as {@link composeImages}
 */
export async function composeInspect(
  repo: Repo,
  lab: Lab,
  options: ComposeQueryOptions = {},
): Promise<readonly unknown[]> {
  const results = await callParts({ repo, lab, doing: "listing containers" }, options, async (part, own) => {
    const { services } = await readPartStatus(part, lab, own);
    return Promise.all(
      services.flatMap((service) => {
        const { container } = service;
        if (container === undefined) return [];
        return [parentOf(part, lab, service).engine.inspectContainer(container.id, own.signal)];
      }),
    );
  });
  return results.flatMap(({ value }) => value).filter((details) => details !== undefined);
}

/** Where a container is: a task of a swarm may be on another host than the manager. */
function parentOf(part: RepoPart, lab: Lab, { parent }: ServiceStatus): Parent {
  return parent === part.parent.id ? part.parent : lab.parent(parent);
}

function containersOf(services: readonly ServiceStatus[]): StackContainer[] {
  return services.flatMap(({ container }) => container ?? []);
}

/** A container that has stopped. */
export interface EndedContainer {
  readonly name: string;
  readonly service: string;
  readonly exitCode: number;
}

/**
 * Waits until the running containers of services have stopped.
 * @param options `onWaiting`: gets the names of the containers that are waited for
 * @returns them in the order in which they stopped
 * @throws OttoError as {@link composeImages}; `COMPOSE_QUERY_FAILED` when none runs
 */
export async function composeWait(
  repo: Repo,
  lab: Lab,
  options: ComposeQueryOptions & { readonly onWaiting?: ((names: readonly string[]) => void) | undefined } = {},
): Promise<readonly EndedContainer[]> {
  const call = { repo, lab, doing: "listing containers" };
  const found = await callParts(call, options, (part, own) => readPartStatus(part, lab, own));
  const running = found.flatMap(({ part, value: { services } }) =>
    services.flatMap((status) => {
      const { service, container } = status;
      if (container?.row.State !== "running") return [];
      return [{ engine: parentOf(part, lab, status).engine, service, container }];
    }),
  );
  if (running.length === 0) throw noneRuns(found.map(({ value }) => value));
  const ended: EndedContainer[] = [];
  options.onWaiting?.(running.map(({ container }) => container.row.Names));
  await Promise.all(
    running.map(async ({ engine, container: { id, row }, service }) => {
      const exitCode = await engine.waitContainer(id, options.signal);
      ended.push({ name: row.Names, service, exitCode });
    }),
  );
  return ended;
}

function noneRuns(stacks: readonly StackStatus[]): OttoError {
  const [first] = stacks;
  const project = first?.project ?? "";
  const hosts = stacks.map(({ parent }) => parent);
  const message = `waiting for services of ${project} on ${hosts.join(", ")}: none of them runs`;
  return new OttoError("COMPOSE_QUERY_FAILED", message, {
    hint: "See what is there with `otto docker ps --all`.",
    details: { host: hosts[0] ?? "", project },
  });
}

/** What a parent runs. */
export interface ParentVersions {
  readonly parent: string;
  /** `Docker`, or the name that another engine gives itself. */
  readonly product: string;
  readonly engine: string;
  readonly api: string;
  /** Of `docker compose`; undefined: there is none. */
  readonly compose: string | undefined;
}

/** @throws OttoError what connecting throws, `ENGINE_UNREACHABLE` */
export async function composeVersions(parent: Parent, signal?: AbortSignal): Promise<ParentVersions> {
  const ask = async (argv: readonly string[]) => {
    const { exitCode, stdout } = await parent.exec(argv, { signal });
    return exitCode === 0 ? stdout.toString() : undefined;
  };
  const [{ product, version, apiVersion }, compose] = await Promise.all([
    parent.engine.version(signal),
    findCompose(parent.docker.command, ask),
  ]);
  return { parent: parent.id, product, engine: version, api: apiVersion, compose: compose?.version.text };
}
