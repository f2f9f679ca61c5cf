import type { GraphImage, GraphService, StackGraph } from "@otto/docker";

type Dependency = GraphService["dependsOn"][number];

const conditions: Readonly<Record<string, string>> = {
  service_started: "started",
  service_healthy: "healthy",
  service_completed_successfully: "completed",
};

/** What a dependency waits for: `healthy`, `started, optional`. */
export function formatCondition({ condition, required, restart }: Dependency): string {
  return [conditions[condition] ?? condition, ...(required ? [] : ["optional"]), ...(restart ? ["restart"] : [])].join(
    ", ",
  );
}

/** `this machine → gate → pepper`. */
export function describeRoute({ parent: { id, hops } }: StackGraph): string {
  return ["this machine", ...hops, id].join(" → ");
}

/** Each image with what it is built from: `shop-api:latest ← shop-base:latest ← busybox (api/Dockerfile)`. */
export function describeImages({ images }: StackGraph): string[] {
  return images.map((image) => {
    const from = image.bases.length === 0 ? "" : ` ← ${image.bases.map((base) => baseChain(base, images)).join(", ")}`;
    return `${image.name}${from}${image.dockerfile === undefined ? "" : `  (${image.dockerfile})`}`;
  });
}

/** A base with its own first bases, where the repository builds it. */
function baseChain(name: string, images: readonly GraphImage[], seen: readonly string[] = []): string {
  const [first] = images.find((image) => image.name === name)?.bases ?? [];
  if (first === undefined || seen.includes(name)) return name;
  return `${name} ← ${baseChain(first, images, [...seen, name])}`;
}

/** Each network or volume with the services that use it. */
export function describeUses(graph: StackGraph, kind: "networks" | "volumes"): string[] {
  const users = (name: string) => graph.services.filter((service) => uses(service, kind, name)).map((one) => one.name);
  return graph[kind].map(({ name, external }) => {
    const names = users(name);
    return `${name}${external ? " (external)" : ""}: ${names.length === 0 ? "not used" : names.join(", ")}`;
  });
}

export function uses(service: GraphService, kind: "networks" | "volumes", name: string): boolean {
  if (kind === "networks") return service.networks.includes(name);
  return service.mounts.some(({ type, source }) => type === "volume" && source === name);
}
