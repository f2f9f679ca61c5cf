import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { type HostData, isWithin, type LabOrigin } from "@otto/config";
import { OttoError, quoteCommand, readBoundedFileSync } from "@otto/errors";

/** What says whom a user trusts. */
export interface TrustSetting {
  /** `OTTO_TRUST` lists directories, as absolute paths; `XDG_STATE_HOME` is where records lie. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the user's home. */
  readonly home: string;
  /** Absolute paths of directories whose lab files are trusted, beside those of `OTTO_TRUST`. Default: none. */
  readonly trusted?: readonly string[] | undefined;
}

/** `changed`: it was trusted, and is no longer what it was then. */
export type TrustState = "trusted" | "untrusted" | "changed";

/** Whether the user trusts what a lab file in a repo says. */
export function readTrust(origin: LabOrigin, setting: TrustSetting): TrustState {
  if (trustedDirectories(setting).some((directory) => isWithin(directory, origin.file))) return "trusted";
  const digest = readRecord(recordFile(origin, setting));
  if (digest === undefined) return "untrusted";
  return digest === origin.digest ? "trusted" : "changed";
}

/** Records that the user trusts this lab file as it is now. */
export async function recordTrust(origin: LabOrigin, setting: TrustSetting): Promise<void> {
  const file = recordFile(origin, setting);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const next = `${file}.${process.pid}.new`;
  await writeFile(next, `${JSON.stringify({ file: origin.file, digest: origin.digest })}\n`, { mode: 0o600 });
  await rename(next, file);
}

/** Removes the record; directories of `OTTO_TRUST` stay trusted. */
export async function revokeTrust(origin: LabOrigin, setting: TrustSetting): Promise<void> {
  await rm(recordFile(origin, setting), { force: true });
}

/**
 * Before anything is sent to a host: its file is the user's own, or trusted, and names only variables it may.
 * @throws OttoError `LAB_NOT_TRUSTED`, `LAB_VARIABLE_REFUSED`
 */
export function requireTrust({ id, origin, ssh }: HostData, setting: TrustSetting): void {
  if (origin === undefined) return;
  const state = readTrust(origin, setting);
  if (state !== "trusted") throw untrusted(`connecting to ${id}`, origin, state, id);
  for (const variable of [ssh.passwordEnv, ssh.passphraseEnv]) {
    if (variable !== undefined && !isAllowed(variable, setting)) throw refusedVariable(id, origin, variable);
  }
}

/**
 * Before a command of settings runs that prints a lab: the settings are trusted. For `requireTrust` of `loadLab`.
 * @throws OttoError `LAB_NOT_TRUSTED`
 */
export function requireCommandTrust(origin: LabOrigin, command: readonly string[], setting: TrustSetting): void {
  const state = readTrust(origin, setting);
  if (state !== "trusted") throw untrusted(`running ${quoteCommand(command)} for a lab`, origin, state);
}

/** Where otto keeps what it has to remember for the user. */
export function stateDirectory({ env, home }: Pick<TrustSetting, "env" | "home">): string {
  const base = env.XDG_STATE_HOME;
  return join(base && isAbsolute(base) ? base : join(home, ".local", "state"), "otto");
}

function trustedDirectories({ env, home, trusted = [] }: TrustSetting): readonly string[] {
  const listed = namesIn(env.OTTO_TRUST).map((path) => (/^~(\/|$)/.test(path) ? join(home, path.slice(1)) : path));
  // A relative one would trust whatever directory one happens to be in.
  return [...listed, ...trusted].filter(isAbsolute).flatMap((path) => {
    try {
      return [realpathSync(path)];
    } catch {
      return [];
    }
  });
}

/** Variables for otto, and those that the user lists. */
function isAllowed(variable: string, { env }: TrustSetting): boolean {
  return variable.startsWith("OTTO_") || namesIn(env.OTTO_LAB_VARIABLES).includes(variable);
}

function namesIn(list: string | undefined): readonly string[] {
  const names = (list ?? "").split(",").flatMap((part) => part.split(delimiter));
  return names.map((name) => name.trim()).filter((name) => name !== "");
}

function recordFile({ file }: LabOrigin, setting: TrustSetting): string {
  const name = createHash("sha256").update(file).digest("hex");
  return join(stateDirectory(setting), "trust", `${name}.json`);
}

function readRecord(file: string): unknown {
  try {
    return (JSON.parse(readBoundedFileSync(file).toString()) as { readonly digest?: unknown }).digest;
  } catch {
    return undefined;
  }
}

function untrusted(doing: string, { file, digest }: LabOrigin, state: TrustState, host?: string): OttoError {
  const why =
    state === "changed" ? "has changed since you trusted it" : "came with a repository or belongs to another user";
  const what = host === undefined ? "names it" : "declares it";
  const shown = host === undefined ? "what would run" : "where your keys and passwords would go";
  return new OttoError("LAB_NOT_TRUSTED", `${doing}: ${file}, which ${what}, ${why}`, {
    hint: `Read the file, then run \`otto trust\` (it shows ${shown}), or set OTTO_TRUST=${dirname(file)}.`,
    details: { ...(host !== undefined && { host }), file, digest, state },
  });
}

function refusedVariable(id: string, { file }: LabOrigin, variable: string): OttoError {
  return new OttoError(
    "LAB_VARIABLE_REFUSED",
    `connecting to ${id}: ${file}, which came with a repository, names the variable ${variable} as a secret`,
    {
      hint: `Name it OTTO_${variable} there, or list it in your own environment: OTTO_LAB_VARIABLES=${variable}.`,
      details: { host: id, file, variable },
    },
  );
}
