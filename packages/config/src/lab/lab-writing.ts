import { mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { isOttoError, OttoError } from "@otto/errors";
import { readDocument } from "../document/source-document.js";
import { validateDocument } from "../document/validation.js";
import type { Repo } from "../repo/repo.js";
import { formatHostId } from "./host-identity.js";
import { type KnownHost, type NewParent, type PlannedEntries, planEntries } from "./lab-entries.js";
import { labFileOf } from "./lab-file.js";
import { labSchema } from "./lab-schema.js";
import { type LabPlaces, userLabFile } from "./lab-sources.js";
import { editHosts, emptyLab, type HostEdit } from "./lab-text.js";

/** What is to be written to a lab file, and what it amounts to. */
export interface LabChange extends PlannedEntries {
  /** Absolute path of the file. */
  readonly file: string;
  /** The whole new text. It may hold passwords. */
  readonly text: string;
  /** Whether there is no such file yet. */
  readonly isNew: boolean;
}

/**
 * The lab file that changes go to: that of the first lab source of the repos that names one, else the user's own.
 *
 * @throws `LAB_FILE_MISSING` for a source that is no file and no directory
 */
export async function findLabFile(repos: readonly Repo[], places: LabPlaces): Promise<string> {
  const [source] = repos.flatMap(({ labSources, settingsFile }) =>
    labSources.flatMap((source) =>
      source.backend === "json" ? source.paths.map((path) => ({ path, settingsFile })) : [],
    ),
  );
  return source === undefined ? userLabFile(places) : labFileOf(source.path, source.settingsFile);
}

/**
 * Plans to add a parent, and the hops on the way to it, to a lab file. Writes nothing.
 *
 * @param options `force`: whether hosts of the same ids are replaced
 * @throws `LAB_HOST_EXISTS`, `LAB_MACHINE_INVALID`, and what reading a lab file throws
 */
export async function planLabAddition(
  file: string,
  parent: NewParent,
  { force }: { readonly force: boolean },
): Promise<LabChange> {
  const { text, hosts, isNew } = await readHosts(file);
  const planned = planEntries(parent, hosts, force);
  const edits = planned.entries.map((entry): HostEdit => {
    const id = formatHostId(entry);
    return { index: hosts.findIndex((host) => host.id === id), entry };
  });
  return { ...planned, file, text: editHosts(text, kindOf(file), edits), isNew };
}

/**
 * Plans to remove a host from a lab file. Writes nothing.
 *
 * @throws `LAB_UNKNOWN_HOST`, `LAB_HOP_NEEDED` when another host is reached through it, and what reading a lab file throws
 */
export async function planLabRemoval(file: string, id: string): Promise<LabChange> {
  const { text, hosts, isNew } = await readHosts(file);
  const index = hosts.findIndex((host) => host.id === id.toLowerCase());
  const known = hosts.map((host) => host.id);
  if (index === -1) {
    throw new OttoError("LAB_UNKNOWN_HOST", `removing ${id} from ${file}: it has no such host`, {
      hint: `Its hosts: ${known.join(", ") || "none"}.`,
      details: { host: id, known },
    });
  }
  const [behind] = hosts.filter(({ hop }) => hop === hosts[index]?.id);
  if (behind !== undefined) {
    throw new OttoError("LAB_HOP_NEEDED", `removing ${id} from ${file}: ${behind.id} is reached through it`, {
      hint: `Remove that one first: otto lab remove ${behind.id}`,
      details: { host: id, behind: behind.id },
    });
  }
  return { file, text: editHosts(text, kindOf(file), [{ index }]), isNew, entries: [], parent: id };
}

/**
 * Writes a planned change in one step: a reader sees the file as it was, or as it is now. A file that was there keeps its mode,
 * a new one is its owner's alone.
 */
export async function writeLab({ file, text }: Pick<LabChange, "file" | "text">): Promise<void> {
  const target = await realpath(file).catch(() => file);
  const mode = (await stat(target).catch(() => undefined))?.mode ?? 0o600;
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const next = `${target}.${process.pid}.new`;
  try {
    await writeFile(next, text, { mode: mode & 0o777, flag: "wx" });
    await rename(next, target);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}

interface ReadHosts {
  readonly text: string;
  readonly hosts: readonly (KnownHost & { readonly hop: string | undefined })[];
  readonly isNew: boolean;
}

async function readHosts(file: string): Promise<ReadHosts> {
  try {
    const { hosts } = validateDocument(labSchema, await readDocument("LAB", file));
    const known = hosts.map(({ element, element_id, board, slot, ip, labs, hop }) => {
      const identity = {
        element,
        elementId: element_id ?? undefined,
        board: board ?? undefined,
        slot: slot ?? undefined,
      };
      return { ...identity, id: formatHostId(identity), ip, labs, hop: hop ?? undefined };
    });
    return { text: await readFile(file, "utf8"), hosts: known, isNew: false };
  } catch (error) {
    if (!isOttoError(error, "LAB_FILE_MISSING")) throw error;
    return { text: kindOf(file) === "json" ? emptyLab : "hosts: []\n", hosts: [], isNew: true };
  }
}

function kindOf(file: string): "json" | "yaml" {
  return extname(file).toLowerCase() === ".json" ? "json" : "yaml";
}
