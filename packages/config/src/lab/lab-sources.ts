import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { LocalCommands } from "../command/local-commands.js";
import type { Repo } from "../repo/repo.js";
import { type LabCommands, readCommandsOrigin, readPrintedLab } from "./lab-command.js";
import type { LabOrigin } from "./lab-data.js";
import { type LabFile, labFileOf, readLabFile } from "./lab-file.js";
import type { LabReading } from "./lab-origin.js";

/** Where the user's own files lie, and who runs what prints labs. */
export interface LabPlaces {
  /** Absolute path of the user's home, for `~`. */
  readonly home: string;
  /**
   * `XDG_CONFIG_HOME` is where the user's own lab file lies, and commands of lab sources have all of it. Default: none is set, and
   * the file is in `~/.config`.
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Runs the commands of lab sources, each once. Default: each call has its own. */
  readonly commands?: LocalCommands | undefined;
  /** Throws where the user does not trust the settings whose command is to run. Default: no command may run, which is a TypeError. */
  readonly requireTrust?: ((origin: LabOrigin, command: readonly string[]) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The user's own lab file, which each lab is read from before those of the repos: `~/.config/otto/lab.json`. */
export function userLabFile({ home, env = {} }: Pick<LabPlaces, "home" | "env">): string {
  const base = env.XDG_CONFIG_HOME;
  return join(base && isAbsolute(base) ? base : join(home, ".config"), "otto", "lab.json");
}

/** The labs of each source, in order; a file that two sources name counts for the first. */
export async function readSources(repos: readonly Repo[], places: LabPlaces): Promise<LabFile[][]> {
  const { commands = new LocalCommands() } = places;
  const seen = new Set<string>();
  const reading = { roots: repos.map(({ root }) => root), home: places.home };
  const sources: LabFile[][] = [];
  for (const source of [...(await ownSource(places)), ...repos.flatMap(sourcesOf)]) {
    sources.push(
      "command" in source
        ? [await readCommand(source, { ...places, commands }, reading)]
        : await readFiles(source, seen, reading),
    );
  }
  return sources;
}

async function readFiles(
  { paths, settingsFile }: FileSource,
  seen: Set<string>,
  reading: LabReading,
): Promise<LabFile[]> {
  const files: LabFile[] = [];
  for (const path of paths) {
    const file = await labFileOf(path, settingsFile);
    if (seen.has(file)) continue;
    seen.add(file);
    files.push(await readLabFile(file, settingsFile, reading));
  }
  return files;
}

async function readCommand(
  { command, repo }: CommandSource,
  { home, env = {}, signal, commands, requireTrust = trustsNobody }: LabPlaces & { readonly commands: LocalCommands },
  reading: LabReading,
): Promise<LabFile> {
  const { root, settingsFile } = repo;
  const origin = await readCommandsOrigin(commandsOf(repo), reading);
  if (origin !== undefined) requireTrust(origin, command);
  return readPrintedLab({ command, root, settingsFile, origin, home, env, signal }, commands);
}

function trustsNobody({ file }: LabOrigin): never {
  throw new TypeError(`${file} reads a lab from a command, and no requireTrust says whether the user trusts it`);
}

function commandsOf({ labSources, settingsFile, root }: Repo): LabCommands {
  const commands = labSources.flatMap((source) => (source.backend === "command" ? [source.command] : []));
  return { settingsFile, root, commands };
}

/** What has to be trusted before anything is run or sent. */
export interface UntrustedSource {
  readonly origin: LabOrigin;
  /** What a file declares. */
  readonly hosts: LabFile["hosts"];
  /** What settings run here to learn of hosts. */
  readonly commands: readonly (readonly string[])[];
}

/** The sources of repos that their user may not have written. No command runs. */
export async function readUntrustedSources(
  repos: readonly Repo[],
  places: Pick<LabPlaces, "home" | "env">,
): Promise<UntrustedSource[]> {
  const withFiles = repos.map((repo) => ({
    ...repo,
    labSources: repo.labSources.filter(({ backend }) => backend === "json"),
  }));
  const files = (await readSources(withFiles, places)).flat();
  const reading = { roots: repos.map(({ root }) => root), home: places.home };
  const found: UntrustedSource[] = files.flatMap(({ origin, hosts }) =>
    origin === undefined ? [] : [{ origin, hosts, commands: [] }],
  );
  for (const { commands, ...settings } of repos.map(commandsOf)) {
    const origin = commands.length === 0 ? undefined : await readCommandsOrigin({ ...settings, commands }, reading);
    if (origin !== undefined) found.push({ origin, hosts: [], commands });
  }
  return found;
}

interface FileSource {
  readonly paths: readonly string[];
  readonly settingsFile: string;
}

interface CommandSource {
  readonly command: readonly string[];
  readonly repo: Repo;
}

async function ownSource(places: LabPlaces): Promise<FileSource[]> {
  const file = userLabFile(places);
  const isThere = (await stat(file).catch(() => undefined)) !== undefined;
  return isThere ? [{ paths: [file], settingsFile: file }] : [];
}

function sourcesOf(repo: Repo): (FileSource | CommandSource)[] {
  const { labSources, settingsFile } = repo;
  return labSources.map((source) =>
    source.backend === "json" ? { paths: source.paths, settingsFile } : { command: source.command, repo },
  );
}
