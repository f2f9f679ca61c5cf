import { stat } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { isOttoError, OttoError } from "@otto/errors";
import { isFormat } from "../document/format.js";
import { optional } from "../document/optional.js";
import { readDocument, type SourceDocument } from "../document/source-document.js";
import { formatPlace, validateDocument } from "../document/validation.js";
import type { LabData, LabOrigin } from "./lab-data.js";
import { type DeclaredHost, toHost } from "./lab-host.js";
import { filesOf, type LabReading, readOrigin } from "./lab-origin.js";
import { labSchema } from "./lab-schema.js";
import { type KeyReport, reportKeys } from "./unknown-keys.js";

/** One lab file. */
export interface LabFile extends KeyReport {
  readonly file: string;
  readonly origin?: LabOrigin;
  readonly hosts: readonly PlacedHost[];
  readonly links: LabData["links"];
}

/** A host and where it is declared. */
export interface PlacedHost {
  readonly host: DeclaredHost;
  /** `file:12: hosts[3]` */
  readonly place: string;
}

/** The file that a path of a lab source means: itself, or the lab file of a directory. */
export async function labFileOf(path: string, settingsFile: string): Promise<string> {
  if (await isDirectory(path)) return labFileIn(path);
  if (isFormat(extname(path))) return path;
  throw new OttoError("LAB_FILE_MISSING", `reading ${path}: no such directory`, {
    hint: `Correct lab.sources in ${settingsFile}.`,
    details: { file: path, settingsFile },
  });
}

/**
 * Reads and validates one lab file.
 *
 * @throws `LAB_FILE_MISSING`, `LAB_FILE_UNREADABLE`, `LAB_SYNTAX`, `LAB_INVALID`
 */
export async function readLabFile(file: string, settingsFile: string, reading: LabReading): Promise<LabFile> {
  const document = await readFrom(file, settingsFile);
  const lab = toLabFile(document, { source: file, directory: dirname(file), home: reading.home });
  const hosts = lab.hosts.map(({ host }) => host);
  const origin = await readOrigin(file, { bytes: document.bytes, files: filesOf(hosts) }, reading);
  return withOrigin(lab, origin);
}

/** Where a lab comes from. */
interface LabBase {
  /** See {@link DeclaredHost.source}. */
  readonly source: string;
  readonly directory: string;
  readonly home: string;
}

/** The lab of a document. @throws `LAB_INVALID` */
export function toLabFile(document: SourceDocument, { source, ...base }: LabBase): LabFile {
  const lab = validateDocument(labSchema, document);
  return {
    file: source,
    hosts: lab.hosts.map((host, index) => ({
      host: toHost(host, source, base),
      place: formatPlace(document, ["hosts", index]),
    })),
    links: lab.links,
    ...reportKeys(lab, document),
  };
}

/** The same with where it comes from, if that is not the user's own. */
export function withOrigin(lab: LabFile, origin: LabOrigin | undefined): LabFile {
  const own = optional({ origin });
  return { ...lab, ...own, hosts: lab.hosts.map(({ host, place }) => ({ host: { ...host, ...own }, place })) };
}

async function readFrom(file: string, settingsFile: string): Promise<SourceDocument> {
  try {
    return await readDocument("LAB", file);
  } catch (cause) {
    if (!isOttoError(cause, "LAB_FILE_MISSING")) throw cause;
    throw new OttoError("LAB_FILE_MISSING", cause.message, {
      hint: `Write it, or correct lab.sources in ${settingsFile}.`,
      details: { file, settingsFile },
      cause,
    });
  }
}

async function labFileIn(directory: string): Promise<string> {
  const names = ["lab.json", "lab.yaml", "lab.yml"];
  for (const name of names) if (await isFile(join(directory, name))) return join(directory, name);
  return join(directory, "lab.json");
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
