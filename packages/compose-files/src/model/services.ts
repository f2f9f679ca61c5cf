import type { ComposeService, DependencyCondition, ServiceDependency } from "../project.js";
import { at, entriesOf, itemsOf, type MapTree, mapAt, scalarAt, type Tree, textAt } from "../text/yaml-tree.js";

/** What the merged project declares of its services. `enabled` is decided later: {@link selectServices}. */
export function summarizeServices(project: MapTree): Omit<ComposeService, "enabled">[] {
  const services = entriesOf(mapAt(project, "services"));
  const awaited = new Set(
    services.flatMap(([, service]) =>
      dependenciesOf(service)
        .filter(({ condition }) => condition === "service_completed_successfully")
        .map((dependency) => dependency.service),
    ),
  );
  return services.map(([name, service]) => ({
    name,
    image: textAt(service, "image"),
    hasBuild: at(service, "build") !== undefined,
    ...(itemsOf(at(service, "build", "platforms")).length > 1 && { isMultiPlatform: true }),
    pullPolicy: textAt(service, "pull_policy"),
    platform: textAt(service, "platform"),
    profiles: textsOf(at(service, "profiles")),
    replicas: replicasOf(service),
    containerName: textAt(service, "container_name"),
    hasHealthcheck: hasHealthcheck(mapAt(service, "healthcheck")),
    restart: restartOf(service),
    dependsOn: dependenciesOf(service),
    sharesWith: sharedServices(service),
    volumesFrom: volumeServices(service),
    publishesPorts: itemsOf(at(service, "ports")).length > 0,
    oneShot: awaited.has(name),
  }));
}

function replicasOf(service: Tree): number {
  const replicas = Number(textAt(service, "scale") ?? textAt(service, "deploy", "replicas") ?? 1);
  return Number.isInteger(replicas) ? replicas : 1;
}

function hasHealthcheck(check: MapTree | undefined): boolean {
  if (check === undefined || textAt(check, "disable") === "true") return false;
  const [first] = textsOf(at(check, "test"));
  return first !== "NONE";
}

const restartOfCondition: Readonly<Record<string, string>> = { any: "always", "on-failure": "on-failure", none: "no" };

function restartOf(service: Tree): string {
  const policy = mapAt(service, "deploy", "restart_policy");
  const deployed = policy && (restartOfCondition[textAt(policy, "condition") ?? "any"] ?? "no");
  return textAt(service, "restart") ?? deployed ?? "no";
}

/** Those that are declared, and those that Compose takes from links and shared namespaces. */
function dependenciesOf(service: Tree): ServiceDependency[] {
  const found = new Map<string, ServiceDependency>();
  const add = (name: string, condition: DependencyCondition, { required = true, restart = false } = {}) => {
    if (!found.has(name)) found.set(name, { service: name, condition, required, restart });
  };
  for (const [name, options] of entriesOf(at(service, "depends_on"))) {
    const condition = textAt(options, "condition") ?? "service_started";
    const [required, restart] = [textAt(options, "required") !== "false", textAt(options, "restart") === "true"];
    add(name, condition as DependencyCondition, { required, restart });
  }
  for (const name of impliedDependencies(service)) add(name, "service_started");
  return [...found.values()];
}

function impliedDependencies(service: Tree): string[] {
  const links = textsOf(at(service, "links")).map(beforeColon);
  return [...links, ...volumeServices(service), ...sharedServices(service)];
}

function volumeServices(service: Tree): string[] {
  const volumes = textsOf(at(service, "volumes_from")).filter((text) => !text.startsWith("container:"));
  return volumes.map(beforeColon);
}

function beforeColon(text: string): string {
  return text.split(":", 1)[0] ?? "";
}

function sharedServices(service: Tree): string[] {
  return ["network_mode", "ipc", "pid"].flatMap((key) => {
    const mode = textAt(service, key);
    return mode?.startsWith("service:") === true ? [mode.slice("service:".length)] : [];
  });
}

function textsOf(tree: Tree | undefined): string[] {
  return itemsOf(tree).flatMap((item) => scalarAt(item)?.text ?? []);
}

export interface Selection {
  /** Whose profiles are active: Compose reads their files of variables. */
  readonly active: ReadonlySet<string>;
  /** Which `up` is to run. */
  readonly enabled: ReadonlySet<string>;
}

/** What profiles and a choice of services leave. A chosen service brings its own profiles. */
export function selectServices(
  services: readonly Omit<ComposeService, "enabled">[],
  profiles: readonly string[],
  chosen: readonly string[] | undefined,
): Selection {
  const byName = new Map(services.map((service) => [service.name, service]));
  const brought = (chosen ?? []).flatMap((name) => byName.get(name)?.profiles ?? []);
  const wanted = new Set([...profiles, ...brought]);
  const isActive = (own: readonly string[]) =>
    own.length === 0 || wanted.has("*") || own.some((one) => wanted.has(one));
  const active = new Set(services.filter((service) => isActive(service.profiles)).map((service) => service.name));
  if (chosen === undefined || chosen.length === 0) return { active, enabled: active };
  const enabled = new Set<string>();
  const follow = (name: string) => {
    if (enabled.has(name) || !active.has(name)) return;
    enabled.add(name);
    for (const dependency of byName.get(name)?.dependsOn ?? []) follow(dependency.service);
  };
  chosen.forEach(follow);
  return { active, enabled };
}
