import { askReference, requireReference } from "../reference-command.js";
import type { Facts } from "../verb.js";

/** What of a project is on the engine, with ids, names and directories of its own taken out. */
export interface StackState {
  readonly facts: Facts;
  /** `service.number` of each container to its id. */
  readonly ids: ReadonlyMap<string, string>;
}

export async function readStack(project: string): Promise<StackState> {
  const containers = await inspectAll("container", project);
  const facts: Record<string, string> = {};
  const ids = new Map<string, string>();
  for (const container of containers) {
    const { Config, Id } = container as unknown as { Config: { Labels: Record<string, string> }; Id: string };
    const key = `${Config.Labels["com.docker.compose.service"]}.${Config.Labels["com.docker.compose.container-number"]}`;
    ids.set(key, Id);
    const directory = Config.Labels["com.docker.compose.project.working_dir"] ?? "";
    const clean = createCleaner(project, Id, directory);
    for (const [name, value] of Object.entries(containerFacts(container)))
      facts[`${key} ${clean(name)}`] = clean(value);
    facts[`${key} files`] = clean(await readFiles(Id));
  }
  for (const kind of ["network", "volume"] as const) {
    for (const found of await inspectAll(kind, project)) Object.assign(facts, resourceFacts(kind, found, project));
  }
  return { facts, ids };
}

type Inspected = Readonly<Record<string, unknown>>;

async function inspectAll(kind: "container" | "network" | "volume", project: string): Promise<Inspected[]> {
  const all = kind === "container" ? ["--all"] : [];
  const filter = ["--filter", `label=com.docker.compose.project=${project}`];
  const names = (await requireReference(["docker", kind, "ls", "--quiet", ...all, ...filter]))
    .split("\n")
    .filter((name) => name !== "");
  if (names.length === 0) return [];
  return JSON.parse(await requireReference(["docker", kind, "inspect", ...names])) as Inspected[];
}

/** One fact for each setting, so that a difference says which. */
function containerFacts(container: Inspected): Facts {
  const { Config, HostConfig, State, Mounts, NetworkSettings } = container as unknown as {
    Config: Inspected & { Labels: Record<string, string>; Env: string[] | null };
    HostConfig: Inspected & { Binds: string[] | null; Mounts?: readonly { readonly Target: string }[] | null };
    State: { Status: string; ExitCode: number };
    Mounts: readonly { readonly Destination: string; readonly Type: string; readonly Name?: string }[];
    NetworkSettings: { Networks: Record<string, { Aliases: string[] | null }> };
  };
  const facts: Record<string, string> = { state: `${State.Status} ${State.ExitCode}` };
  for (const [key, value] of Object.entries({ ...Config, Env: Config.Env?.toSorted() }))
    facts[`Config.${key}`] = show(value);
  // Compose 2.26 keeps mounts in a Go map: their order differs from run to run.
  const byTarget = HostConfig.Mounts?.toSorted((a, b) => (a.Target < b.Target ? -1 : 1));
  const sorted = { ...HostConfig, Binds: HostConfig.Binds?.toSorted(), Mounts: byTarget };
  for (const [key, value] of Object.entries(sorted)) facts[`HostConfig.${key}`] = show(value);
  const labels = Object.entries(Config.Labels).filter(([label]) => !ofTheFiles.test(label));
  delete facts["Config.Labels"];
  for (const [label, value] of labels) facts[`label ${label}`] = value;
  facts.mounts = show(Mounts.toSorted((a, b) => (a.Destination < b.Destination ? -1 : 1)));
  for (const [name, { Aliases }] of Object.entries(NetworkSettings.Networks))
    facts[`network ${name}`] = show(Aliases?.toSorted());
  return facts;
}

/** Labels in which Compose keeps where its files lie, their hash, its version and the image's id. */
const ofTheFiles = /^com\.docker\.compose\.(project\.|config-hash|version|image$|replace)/;

const show = (value: unknown) => JSON.stringify(value) ?? "";

function createCleaner(project: string, id: string, directory: string): (text: string) => string {
  return (text) =>
    text
      .replaceAll(directory, "DIRECTORY")
      .replaceAll(id, "ID")
      .replaceAll(id.slice(0, 12), "ID")
      .replaceAll(project, "PROJECT")
      .replaceAll(/\b[0-9a-f]{64}\b/g, "HEX");
}

/** What is mounted into a container, as it sees it. */
async function readFiles(container: string): Promise<string> {
  const script =
    "for f in /one /data /conf /inline /run/secrets /missing; do find $f -exec stat -c '%n %A %u:%g' {} + ; find $f -type f -exec cat {} + ; done 2>/dev/null | sort";
  const { stdout } = await askReference(["docker", "exec", container, "sh", "-c", script]);
  return stdout.toString();
}

function resourceFacts(kind: "network" | "volume", found: Inspected, project: string): Facts {
  const { Name, Labels, Driver, Options, Internal } = found as {
    Name: string;
    Labels: Record<string, string> | null;
  } & Inspected;
  const name = /^[0-9a-f]{64}$/.test(Name) ? "ANONYMOUS" : Name.replaceAll(project, "PROJECT");
  const labels = Object.entries(Labels ?? {}).filter(([label]) => !ofTheFiles.test(label));
  const shown = show([
    Driver,
    Options,
    Internal,
    Object.fromEntries(labels.toSorted(([a], [b]) => (a < b ? -1 : 1))),
  ]).replaceAll(project, "PROJECT");
  return { [`${kind} ${name}`]: shown };
}

/** What became of each container since the state before. */
export function compareStates(before: StackState, after: StackState): Facts {
  const keys = [...new Set([...before.ids.keys(), ...after.ids.keys()])];
  return Object.fromEntries(keys.map((key) => [`${key} fate`, fateOf(before.ids.get(key), after.ids.get(key))]));
}

function fateOf(before: string | undefined, after: string | undefined): string {
  if (before === undefined) return "made";
  if (after === undefined) return "removed";
  return before === after ? "kept" : "replaced";
}
