import { queryStack, readStackConfig } from "@otto/compose";
import type { Repo } from "@otto/config";
import { cleanText, OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import { findCompose, type Parent } from "@otto/hosts";
import { composeStatus, type ServiceStatus, type StackContainer } from "./compose-status.js";
import { checkServices } from "./declared-services.js";
import { locateStack, type PlacementOptions, placementOf, placeStack } from "./stack-placement.js";

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
): Promise<readonly ComposeImage[]> {
  const text = await query(repo, lab, { ...options, words: ["images", "--format", "json"] });
  const read = (line: string) => JSON.parse(line) as ComposeImage | readonly ComposeImage[];
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .flatMap(read);
}

/** The processes of a stack's containers, as `docker compose top` prints them. @throws as {@link composeImages} */
export function composeTop(repo: Repo, lab: Lab, options: ComposeQueryOptions = {}): Promise<string> {
  return query(repo, lab, { ...options, words: ["top"] });
}

/**
 * Where a port of a service is published: `0.0.0.0:8080`.
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
  await checkServices(repo, lab, { ...placementOf(options), services: [service], doing: "looking for a port" });
  const words = ["port", `--protocol=${protocol}`, `--index=${index}`, "--", service, String(target)];
  return (await queryStack(locateStack(repo, lab, options), words, options)).trim();
}

interface Query extends ComposeQueryOptions {
  readonly words: readonly string[];
}

async function query(repo: Repo, lab: Lab, { words, ...options }: Query): Promise<string> {
  const doing = `asking for ${words[0] ?? ""}`;
  const { services } = options;
  const named = (await checkServices(repo, lab, { ...placementOf(options), services, doing })) ?? [];
  return queryStack(locateStack(repo, lab, options), [...words, "--", ...named], options);
}

/**
 * What `docker compose config` prints: the stack as it would be deployed, with the paths of this machine, and without what
 * the stack's secrets hold. Variables are printed as they are.
 * @param options `words`: further options of it
 * @throws OttoError as {@link composeImages}, and what `readStackConfig` throws
 */
export async function composeConfig(
  repo: Repo,
  lab: Lab,
  { words = [], services, signal, ...options }: ComposeQueryOptions & { readonly words?: readonly string[] } = {},
): Promise<string> {
  const named = (await checkServices(repo, lab, { ...options, services, doing: "reading the stack" })) ?? [];
  return readStackConfig(await placeStack(repo, lab, options), [...words, "--", ...named], { signal });
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
): Promise<readonly ContainerStats[]> {
  const parent = lab.parentFor(repo, options.on);
  const ids = (await runningOf(repo, lab, options)).map(({ id }) => id);
  if (ids.length === 0) return [];
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
  const { engine } = lab.parentFor(repo, options.on);
  const { services } = await composeStatus(repo, lab, options);
  const found = await Promise.all(containersOf(services).map(({ id }) => engine.inspectContainer(id, options.signal)));
  return found.filter((details) => details !== undefined);
}

async function runningOf(repo: Repo, lab: Lab, options: ComposeQueryOptions): Promise<StackContainer[]> {
  const { services } = await composeStatus(repo, lab, options);
  return containersOf(services).filter(({ row }) => row.State === "running");
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
  const { engine, id: host } = lab.parentFor(repo, options.on);
  const { services, project } = await composeStatus(repo, lab, options);
  const running = services.filter(({ container }) => container?.row.State === "running");
  if (running.length === 0)
    throw new OttoError("COMPOSE_QUERY_FAILED", `waiting for services of ${project} on ${host}: none of them runs`, {
      hint: "See what is there with `otto docker ps --all`.",
      details: { host, project },
    });
  const ended: EndedContainer[] = [];
  options.onWaiting?.(running.map(({ container }) => container?.row.Names ?? ""));
  await Promise.all(
    running.map(async ({ container, service }) => {
      const { id, row } = container as StackContainer;
      const exitCode = await engine.waitContainer(id, options.signal);
      ended.push({ name: row.Names, service, exitCode });
    }),
  );
  return ended;
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
