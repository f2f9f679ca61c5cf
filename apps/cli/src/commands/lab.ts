import { resolve } from "node:path";
import {
  findDefaultLab,
  findLabFile,
  type LabChange,
  parseMachineAddress,
  planLabAddition,
  planLabRemoval,
  readRepoLabs,
  writeLab,
} from "@otto/config";
import { readTrust } from "@otto/host-registry";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";

export interface LabAddFlags {
  readonly machine: string;
  /** Nearest first; each may be a list with commas, as `ssh -J` takes it. */
  readonly via?: readonly string[];
  readonly name?: string;
  readonly role?: readonly string[];
  readonly identity?: string;
  readonly force?: boolean;
}

// The lab that is used where none is chosen.
const firstLab = "lab";

/** `otto lab add`: writes a parent, and the hops on the way to it, to the lab file. */
export async function labAdd(
  session: Session,
  { machine, via = [], name, role: roles, identity, force }: LabAddFlags,
): Promise<Outcome> {
  const { invocation, options } = session;
  const repos = await session.repos();
  const chosen = options.lab ?? findDefaultLab(repos)?.name ?? firstLab;
  const parent = {
    machine: parseMachineAddress(machine),
    via: via.flatMap((list) => list.split(",")).map(parseMachineAddress),
    name,
    roles,
    identity: identity === undefined ? undefined : keyPath(identity, invocation),
    lab: chosen === "local" ? firstLab : chosen,
  };
  const change = await planLabAddition(await findLabFile(repos, invocation), parent, { force: force ?? false });
  await apply(session, change, `${change.entries.map(({ element }) => element).join(", ")} in the lab ${parent.lab}`);
  if (!options.dryRun) await advise(session, change, parent.lab);
  return { exitCode: exitCodes.done };
}

/** `otto lab remove` */
export async function labRemove(session: Session, id: string): Promise<Outcome> {
  const file = await findLabFile(await session.repos(), session.invocation);
  await apply(session, await planLabRemoval(file, id), `without ${id}`);
  return { exitCode: exitCodes.done };
}

async function apply({ options, reporter }: Session, change: LabChange, what: string): Promise<void> {
  const { file, entries, isNew } = change;
  if (options.dryRun) {
    const shown = entries.map((entry) => `\n  ${JSON.stringify(entry)}`).join("");
    reporter.item(`would write ${file}: ${what}${shown}`, { type: "step", do: "write", path: file, content: shown });
    return;
  }
  await writeLab(change);
  reporter.item(`${file}  ${what}`, { type: "file", path: file, status: isNew ? "created" : "changed" });
}

/** What comes next: a file in a repository has to be trusted, and the way to the host may have gaps. */
async function advise(session: Session, { file, parent }: LabChange, lab: string): Promise<void> {
  const { invocation, options, reporter } = session;
  const origins = (await readRepoLabs(await session.repos(), invocation)).map(({ origin }) => origin);
  const untrusted = origins.some((origin) => origin.file === file && readTrust(origin, invocation) !== "trusted");
  if (untrusted) reporter.notice("info", `next: otto trust, as ${file} lies in a repository`);
  const named = options.lab === undefined || options.lab !== lab ? ` --lab ${lab}` : "";
  reporter.notice("info", `next: otto doctor ${parent}${named}, then otto up --on ${parent}${named}`);
}

/** As a lab file is to have it: a key of the home moves with it. */
function keyPath(path: string, { cwd, home }: { readonly cwd: string; readonly home: string }): string {
  const whole = path.startsWith("~/") ? resolve(home, path.slice(2)) : resolve(cwd, path);
  return whole.startsWith(`${home}/`) ? `~${whole.slice(home.length)}` : whole;
}
