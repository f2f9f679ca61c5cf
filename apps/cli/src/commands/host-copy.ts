import type { CopyOptions, CopyResult, FileTransfer } from "@otto/docker";
import { OttoError } from "@otto/errors";
import { findHost } from "../container-lookup.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { formatBytes } from "../output/byte-count.js";
import { cutText } from "../output/fit-text.js";
import { formatProgress } from "../output/progress-bar.js";
import type { Session } from "../session.js";

export interface HostCopyFlags {
  readonly id: string;
  /** The sources, then the destination. */
  readonly paths: readonly string[];
  /** Permission bits. */
  readonly mode?: number;
}

type Direction = "put" | "get";

/** `otto host ID put` */
export function hostPut(session: Session, flags: HostCopyFlags): Promise<Outcome> {
  return copy(session, flags, "put");
}

/** `otto host ID get` */
export function hostGet(session: Session, flags: HostCopyFlags): Promise<Outcome> {
  return copy(session, flags, "get");
}

async function copy(session: Session, flags: HostCopyFlags, direction: Direction): Promise<Outcome> {
  const { id, paths, mode } = flags;
  if (paths.length < 2) throw noDestination(direction, id);
  const { host } = await findHost(session, id);
  return copyFiles(session, { host, id, paths, direction, ...(mode !== undefined && { mode }) });
}

export interface FileCopy extends HostCopyFlags {
  readonly host: FileTransfer;
  readonly direction: "put" | "get";
}

/** Copies between this machine and a host that has been found. */
export async function copyFiles(session: Session, { host, id, paths, mode, direction }: FileCopy): Promise<Outcome> {
  const [destination = "", ...sources] = paths.toReversed();
  const { dryRun } = session.options;
  const result = await withProgress(session, (onProgress) =>
    host[direction](sources.toReversed(), destination, { mode, dryRun, signal: session.signal, onProgress }),
  );
  showCopies(session, { id, direction }, result);
  for (const warning of result.warnings) session.reporter.notice("warn", warning);
  return { exitCode: exitCodes.done, fields: { entries: result.entries, bytes: result.bytes } };
}

/** Shows on a terminal how far a copy is. */
async function withProgress(
  { reporter }: Session,
  run: (onProgress: CopyOptions["onProgress"]) => Promise<CopyResult>,
): Promise<CopyResult> {
  using area = await reporter.live();
  return await run(
    area && ((progress) => area.show(({ columns }) => [cutText(formatProgress(progress), columns - 1)])),
  );
}

function showCopies(
  { reporter, options }: Session,
  { id, direction }: { readonly id: string; readonly direction: Direction },
  { copies, bytes }: CopyResult,
): void {
  for (const { source, target } of copies) {
    const places = direction === "put" ? `${source} → ${id}:${target}` : `${id}:${source} → ${target}`;
    const record = { do: direction, host: id, source, target };
    if (options.dryRun) reporter.item(`would copy ${places}`, { type: "step", ...record });
    else reporter.item(places, { type: "copy", ...record });
  }
  if (!options.dryRun) reporter.notice("debug", `copied ${formatBytes(bytes)}`);
}

function noDestination(direction: Direction, id: string): OttoError {
  return new OttoError("CLI_USAGE", `host ${id} ${direction}: a source and a destination are needed`, {
    hint: `otto host ${id} ${direction} SRC... DEST`,
  });
}
