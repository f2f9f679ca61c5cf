import { pipeline } from "node:stream/promises";
import { OttoError } from "@otto/errors";
import type { PlaceOptions } from "../arguments/option.js";
import { findService } from "../container-lookup.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";
import { copyFiles } from "./host-copy.js";

export interface DockerCpFlags extends PlaceOptions {
  readonly source: string;
  readonly destination: string;
  readonly index?: number;
}

/** `otto docker cp` */
export async function dockerCp(session: Session, flags: DockerCpFlags): Promise<Outcome> {
  const [from, to] = [parsePlace(flags.source), parsePlace(flags.destination)];
  const direction = from.service === undefined ? "put" : "get";
  const { service } = direction === "put" ? to : from;
  if (service === undefined || (from.service !== undefined && to.service !== undefined)) throw notOneService(flags);
  const host = await findService(session, service, flags);
  const isArchive = (direction === "put" ? from.path : to.path) === "-";
  if (!isArchive) return copyFiles(session, { host, id: host.id, direction, paths: [from.path, to.path] });
  if (session.options.dryRun) {
    const record = { type: "step", do: direction, host: host.id, source: flags.source, target: flags.destination };
    session.reporter.item(`would copy ${flags.source} → ${flags.destination}`, record);
    return { exitCode: exitCodes.done };
  }
  const { stdin, stdout } = session.invocation;
  const { signal } = session;
  if (direction === "put") await host.putArchive(stdin, to.path, { signal });
  else if (session.options.json) throw noArchive();
  else await pipeline(await host.getArchive(from.path, { signal }), stdout, { end: false, signal });
  return { exitCode: exitCodes.done };
}

interface CopyPlace {
  /** Undefined: this machine. */
  readonly service: string | undefined;
  readonly path: string;
}

/** `SERVICE:PATH`, as docker reads it: what begins with a dot or a slash is a path here, whatever is in it. */
function parsePlace(text: string): CopyPlace {
  const [, service, path = ""] = /^([^./:][^/:]*):(.*)$/s.exec(text) ?? [];
  return service === undefined ? { service, path: text } : { service, path: path === "" ? "/" : path };
}

function notOneService({ source, destination }: DockerCpFlags): OttoError {
  return new OttoError("CLI_USAGE", `cp ${source} ${destination}: one of them is to be SERVICE:PATH`, {
    hint: "otto cp SERVICE:SRC DEST, or otto cp SRC SERVICE:DEST.",
  });
}

function noArchive(): OttoError {
  return new OttoError("CLI_USAGE", "cp: an archive on stdout leaves no place for --json", {
    hint: "Leave --json out.",
  });
}
