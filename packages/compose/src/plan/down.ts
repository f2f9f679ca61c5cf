import type { RemainingTree, Remains, Resource } from "../observed/remains.js";

/** One thing that `down` removes, or leaves. */
export interface DownStep {
  /** `keep`: of `data` without `volumes`. */
  readonly do: "remove" | "keep";
  /** `files`: those that were sent. `data`: what containers wrote into bind mounts. */
  readonly kind: "container" | "service" | "config" | "secret" | "network" | "volume" | "image" | "files" | "data";
  /** Of `files` and `data`: the staged tree's directory on the parent. */
  readonly name: string;
  /** Of `data`: how many files. */
  readonly files?: number | undefined;
}

interface Wanted {
  /** Whether what containers wrote goes, too. */
  readonly volumes: boolean;
  /** The services that go. Default: the whole stack. */
  readonly services?: ReadonlySet<string> | undefined;
}

/** Decides what `down` removes. */
export function planDown({ resources, trees }: Remains, { volumes, services }: Wanted): DownStep[] {
  const staying = resources.filter(({ service }) => service !== undefined && services?.has(service) === false);
  if (services !== undefined && (staying.length > 0 || volumes)) return planPart(resources, { staying, volumes });
  return [...resources.map(removal), ...trees.flatMap((tree) => planTree(tree, volumes))];
}

function planTree({ directory: name, isDown, kept }: RemainingTree, volumes: boolean): DownStep[] {
  const steps: DownStep[] = [];
  // After a `down` only what containers wrote is there.
  if (!isDown || kept === undefined) steps.push({ do: "remove", kind: "files", name });
  if (kept !== undefined) steps.push({ do: volumes ? "remove" : "keep", kind: "data", name, files: kept.files });
  return steps;
}

/** Plans to remove networks without containers, and volumes of the removed containers that no other container uses. */
function planPart(
  resources: readonly Resource[],
  { staying, volumes }: { readonly staying: readonly Resource[]; readonly volumes: boolean },
): DownStep[] {
  const going = resources.filter((one) => one.kind === "container" && !staying.includes(one));
  const isUsed = (name: string, by: readonly Resource[]) => by.some(({ uses = [] }) => uses.includes(name));
  const free = resources.filter(({ kind, name }) => {
    if (kind === "container" || isUsed(name, staying)) return false;
    return kind === "network" || (volumes && isUsed(name, going));
  });
  return going.length === 0 ? [] : [...going, ...free].map(removal);
}

function removal({ kind, name }: Resource): DownStep {
  return { do: "remove", kind, name };
}

/** One line for a person. */
export function formatDownStep({ do: action, kind, name, files }: DownStep): string {
  if (kind === "files") return `${action} the staged files in ${name}`;
  if (kind === "data") return `${action} what containers wrote in ${name} (${files} ${files === 1 ? "file" : "files"})`;
  if (kind === "image") return `${action} the image ${name}, unless others use it`;
  return `${action} the ${kind} ${name}`;
}
