import {
  type DockerContainerHost,
  findByShortId,
  getContainerHost,
  type Lab,
  type Parent,
  type SkippedRepo,
  selectRepos,
} from "@otto/docker";
import { amendError, isOttoError, OttoError } from "@otto/errors";
import type { Session } from "./session.js";
import { declareServices } from "./stack-choice.js";

/** What the name of a host means. */
export type FoundHost =
  | { readonly kind: "container"; readonly host: DockerContainerHost }
  | { readonly kind: "machine"; readonly host: Parent };

/**
 * What `otto host NAME` works on: a host of the lab, a machine without one, else a container by its id or a short one.
 * A machine goes before a service of the same name; it is said then how to reach the service.
 *
 * @throws `LAB_UNKNOWN_HOST`, `HOST_UNKNOWN`, `HOST_AMBIGUOUS`, listing the names there are
 */
export async function findHost(session: Session, name: string): Promise<FoundHost> {
  if (isContainerId(name)) return { kind: "container", host: await findContainerHost(session, name) };
  const lab = await session.lab();
  try {
    const host = lab.machine(name);
    await warnOfNamesake(session, name);
    return { kind: "machine", host };
  } catch (error) {
    if (!isOttoError(error, "LAB_UNKNOWN_HOST") || isUrl(name)) throw error;
    return { kind: "container", host: await findServiceHost(session, name, error) };
  }
}

/** Only ids of container hosts have dots: `<parent>.<repo>.<service>`, `<repo>.<service>`, `<service>.<number>`. */
export function isContainerId(id: string): boolean {
  return id.includes(".") && !isUrl(id);
}

function isUrl(name: string): boolean {
  return /^ssh:\/\//i.test(name);
}

/**
 * The container host of an id, or of a short one: `<service>`, `<repo>.<service>`, each also with `.<number>`. Its parent is
 * the one in the id, where a stack may have been brought up with `--on`.
 *
 * @throws `HOST_UNKNOWN`, `HOST_AMBIGUOUS`, listing the ids there are
 */
export async function findContainerHost(session: Session, id: string): Promise<DockerContainerHost> {
  const lab = await session.lab();
  const parent = parentIn(lab, id);
  const skipped = await declare(session, lab, parent);
  try {
    return getContainerHost(id, lab);
  } catch (error) {
    const own = skipped.find(({ repo }) => isOf(repo.name, id, parent));
    throw own === undefined || isOttoError(own.error, "LAB_NO_PARENT") ? explainAlias(lab, id, error) : own.error;
  }
}

export interface ServiceChoice {
  readonly on?: string | undefined;
  readonly repo?: string | undefined;
  /** 1 for the first replica. */
  readonly index?: number | undefined;
}

/**
 * The container of a service, by its name or a short id: never a host of the lab.
 * @throws `HOST_UNKNOWN`, `HOST_AMBIGUOUS`, `CONFIG_UNKNOWN_REPO`
 */
export async function findService(
  session: Session,
  name: string,
  { on, repo, index = 1 }: ServiceChoice,
): Promise<DockerContainerHost> {
  const lab = await session.lab();
  const chosen = repo === undefined ? undefined : selectRepos(lab.repos, repo)[0];
  const short = chosen === undefined || name.includes(".") ? name : `${chosen.name}.${name}`;
  const id = index === 1 ? short : `${short}.${index}`;
  const skipped = await declare(session, lab, on ?? parentIn(lab, id));
  try {
    return getContainerHost(id, lab);
  } catch (error) {
    const unread = skipped.find((one) => !isOttoError(one.error, "LAB_NO_PARENT"));
    if (unread !== undefined && isOttoError(error, "HOST_UNKNOWN")) throw unread.error;
    throw isMachine(lab, name) ? withMachine(name, error) : error;
  }
}

function isMachine(lab: Lab, name: string): boolean {
  return lab.data.hosts.some(({ id, handle }) => id === name || handle === name);
}

function withMachine(name: string, error: unknown): unknown {
  if (!isOttoError(error, "HOST_UNKNOWN")) return error;
  return amendError(error, { hint: `${name} is a host of the lab: otto host ${name} exec, login, put, get.` });
}

/** A service that a name without a dot means. */
async function findServiceHost(session: Session, name: string, unknown: OttoError): Promise<DockerContainerHost> {
  const lab = await session.lab();
  const skipped = await declare(session, lab);
  if (findByShortId(name, lab).length > 0) return getContainerHost(name, lab);
  const unread = skipped.find(({ error }) => !isOttoError(error, "LAB_NO_PARENT"));
  throw withServices(lab, unread?.error ?? unknown);
}

function declare({ reporter }: Session, lab: Lab, on?: string): Promise<readonly SkippedRepo[]> {
  return declareServices(lab, async () => {
    const { createNoticeListener } = await import("./output/docker-event.js");
    return { onEvent: createNoticeListener(reporter), askEngine: true, on };
  });
}

/** The parent that an id begins with, as in `pepper.shop.web`; undefined for `shop.web`, even if a host is called `shop`. */
export function parentIn(lab: Lab, id: string): string | undefined {
  const [first = "", ...rest] = id.toLowerCase().split(".");
  const isWhole = lab.repos.some(({ name }) => rest.join(".").startsWith(`${name.toLowerCase()}.`));
  return isWhole && isParentOf(lab, first) ? first : undefined;
}

/** Of another repo, a broken file is of no concern. */
function isOf(repo: string, id: string, parent: string | undefined): boolean {
  const short = parent === undefined ? id : id.slice(parent.length + 1);
  return short.toLowerCase().startsWith(`${repo}.`.toLowerCase());
}

async function warnOfNamesake(session: Session, name: string): Promise<void> {
  const lab = await session.lab();
  await declareServices(lab).catch(() => undefined);
  const [service] = findByShortId(name, lab);
  if (service === undefined) return;
  session.reporter.notice(
    "warn",
    `${name} is taken as the host of that name; the container of the service is ${service}`,
  );
}

/** What is missing may be meant as a machine. */
function explainAlias(lab: Lab, id: string, error: unknown): unknown {
  if (!isOttoError(error, "HOST_UNKNOWN") || !lab.sshConfig.knows(id)) return error;
  const known = `${id} is an alias of your SSH configuration: ssh://${id} is the machine.`;
  return amendError(error, { hint: `${error.hint ?? ""} ${known}`.trim() });
}

/** Adds the names of the services to the hint about an unknown name. */
function withServices(lab: Lab, error: OttoError): OttoError {
  const services = [...new Set(lab.hosts.list().map(({ service }) => service))];
  if (services.length === 0) return error;
  return amendError(error, { hint: `${error.hint ?? ""} Services: ${services.join(", ")}.`.trim() });
}

function isParentOf(lab: Lab, name: string): boolean {
  try {
    return lab.findHost(name).dockerCapable;
  } catch (error) {
    if (isOttoError(error, "LAB_UNKNOWN_HOST")) return false;
    throw error;
  }
}

/** @throws `CLI_USAGE` for an option that was given and has a meaning in containers only */
export function refuseContainerOptions(id: string, options: object): void {
  const [name] = Object.entries(options).find(([, value]) => value !== undefined) ?? [];
  if (name === undefined) return;
  throw new OttoError("CLI_USAGE", `--${name} has no meaning on ${id}: it is no container`, {
    hint: "Its login is chosen in the lab, by `user`.",
  });
}
