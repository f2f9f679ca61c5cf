import type { ContainerSummary } from "@otto/engine";
import { OttoError, startDeadline } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { formatPorts } from "./port-list.js";

/** A container in the shape of `docker ps --format '{{json .}}'`. */
export interface ContainerRow {
  readonly ID: string;
  readonly Names: string;
  readonly Image: string;
  readonly Command: string;
  readonly CreatedAt: string;
  readonly State: string;
  readonly Status: string;
  readonly Ports: string;
  readonly Labels: string;
  readonly Networks: string;
  readonly Mounts: string;
}

export interface ComposePsOptions {
  /** Stopped ones too. Default false. */
  readonly all?: boolean | undefined;
  /** Milliseconds that the parent has to answer; `Infinity` for no limit. Default 30,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The containers of a parent in one call.
 * @throws OttoError `COMPOSE_PARENT_SILENT` when it does not answer in time, `ENGINE_UNREACHABLE`, and what connecting to
 * the parent throws
 */
export async function composePs(parent: Parent, options: ComposePsOptions = {}): Promise<ContainerRow[]> {
  const { all = false, timeoutMs = 30_000, signal } = options;
  using deadline = startDeadline(timeoutMs, signal);
  try {
    return (await parent.engine.listContainers({ all }, deadline.signal)).map(toRow);
  } catch (error) {
    throw deadline.passed ? silent(parent.id, timeoutMs) : error;
  }
}

function silent(host: string, timeoutMs: number): OttoError {
  return new OttoError("COMPOSE_PARENT_SILENT", `listing the containers of ${host}: no answer within ${timeoutMs} ms`, {
    hint: `To find the step that gets no answer, run: otto doctor ${host}`,
    details: { host, timeoutMs },
  });
}

/** One container as a row; labels are passed on as they are, whichever version of compose set them. */
export function toRow(container: ContainerSummary): ContainerRow {
  return {
    ID: container.Id.slice(0, 12),
    Names: container.Names.map((name) => name.replace(/^\//, "")).join(","),
    Image: container.Image,
    Command: quoteCommand(container.Command),
    CreatedAt: new Date(container.Created * 1000).toISOString(),
    State: container.State,
    Status: container.Status,
    Ports: formatPorts(container.Ports),
    Labels: Object.entries(container.Labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
    Networks: Object.keys(container.NetworkSettings.Networks).join(","),
    Mounts: container.Mounts.map(({ Name, Source }) => Name ?? Source).join(","),
  };
}

/** As Go quotes: control characters are written out. */
function quoteCommand(command: string): string {
  const spelled: Readonly<Record<string, string>> = { "\\u0007": "\\a", "\\u000b": "\\v" };
  return JSON.stringify(command)
    .replaceAll("\u007f", "\\u007f")
    .replaceAll(/\\(?:u00[01][0-9a-f]|u007f|.)/g, (code) => spelled[code] ?? code.replace("\\u00", "\\x"));
}
