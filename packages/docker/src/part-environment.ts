import { readStack } from "@otto/compose";
import { type DockerCompose, findHost, type HostData, type Repo } from "@otto/config";
import { isOttoError, OttoError } from "@otto/errors";
import type { Lab, RepoPart } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";
import { ambiguous, conflicting, type ReferencePlace, unknownReference } from "./environment-errors.js";
import { findPublished, type OttoReference, parseReferences, referenceForms } from "./otto-references.js";

/** A port that a parent's engine chooses: it is known when the service is up there. */
export interface ChosenPort {
  readonly parent: Parent;
  readonly project: string;
  readonly service: string;
  readonly port: number;
  readonly protocol: string;
}

type Piece = string | ChosenPort;

/** The variables that the settings give the compose files of one parent. */
export interface PartEnvironment {
  /** The ports that are to be known before. */
  readonly ports: readonly ChosenPort[];
  /** Its argument: the ports, default 0. */
  readonly render: (portOf?: (port: ChosenPort) => number) => Record<string, string>;
}

/** How the stacks of a call are read. */
export interface StackReading {
  readonly projectName: string;
  readonly profiles?: readonly string[] | undefined;
}

/**
 * Finds what `[docker.composes.environment]` of a part's entries stands for. Variables of the user's own environment go before:
 * they are left out, whatever the settings say of them. Nothing is connected.
 * @throws OttoError `COMPOSE_REFERENCE_UNKNOWN`, `COMPOSE_REFERENCE_AMBIGUOUS`, `COMPOSE_ENVIRONMENT_CONFLICT`, and what `readStack`
 * throws of the entries that a service is looked for in
 */
export function resolveEnvironment(part: RepoPart, lab: Lab, reading: StackReading): Promise<PartEnvironment> {
  return resolveIn(createSurroundings(part, lab, reading));
}

async function resolveIn(around: Surroundings): Promise<PartEnvironment> {
  const { part, lab } = around;
  const { env } = lab.sshEnvironment;
  const written = part.repo.docker.composes.flatMap((compose) =>
    Object.entries(compose.environment ?? {}).flatMap(([variable, value]) =>
      env[variable] === undefined ? [{ compose, variable, value }] : [],
    ),
  );
  const found = new Map<string, readonly Piece[]>();
  for (const { compose, variable, value } of written) {
    const place = placeOf(around.whole, compose, variable);
    const pieces: Piece[] = [];
    for (const segment of parseReferences(value)) {
      if (typeof segment === "string") pieces.push(segment);
      else if (segment.reference === undefined) throw unknownReference({ ...place, text: segment.text }, notForm());
      else pieces.push(await resolveReference(segment.reference, around, { ...place, text: segment.text }));
    }
    const before = found.get(variable);
    if (before !== undefined && keyOf(before) !== keyOf(pieces)) throw conflicting(place, part.parent.id);
    found.set(variable, pieces);
  }
  return {
    ports: [...found.values()].flat().filter((piece) => typeof piece !== "string"),
    render: (portOf = () => 0) => {
      const textOf = (piece: Piece) => (typeof piece === "string" ? piece : String(portOf(piece)));
      return Object.fromEntries([...found].map(([variable, pieces]) => [variable, pieces.map(textOf).join("")]));
    },
  };
}

function notForm() {
  return { why: "it is none of the references there are", known: referenceForms };
}

function keyOf(pieces: readonly Piece[]): string {
  return JSON.stringify(
    pieces.map((piece) => (typeof piece === "string" ? piece : { ...piece, parent: piece.parent.id })),
  );
}

function placeOf(whole: Repo, compose: DockerCompose, variable: string) {
  const index = whole.docker.composes.indexOf(compose);
  return { file: whole.settingsFile, key: `docker.composes[${index}].environment.${variable}` };
}

/** What a reference may mean. */
interface Surroundings {
  readonly part: RepoPart;
  readonly project: string;
  readonly lab: Lab;
  readonly whole: Repo;
  /** All parts of the repo. */
  readonly parts: readonly RepoPart[];
  /** What the files of all parts declare; undefined: what is asked of services is not to be known. */
  readonly survey: (() => Promise<readonly SurveyedPart[]>) | undefined;
}

interface SurveyedPart {
  readonly part: RepoPart;
  /** By service, its ports as `ComposeTopology` has them. */
  readonly services: ReadonlyMap<string, readonly string[]>;
}

function createSurroundings(part: RepoPart, lab: Lab, reading: StackReading): Surroundings {
  const whole = lab.repos.find(({ root, name }) => root === part.repo.root && name === part.repo.name) ?? part.repo;
  const parts = [...(part.all ?? [part]), ...partsElsewhere(part, lab, whole)];
  const project = reading.projectName;
  return { part, project, lab, whole, parts, survey: () => surveyParts(part.all ?? parts, parts, { lab, reading }) };
}

/** Of a call on some entries of a repo: where the settings place the others. */
function partsElsewhere({ all = [], repo }: RepoPart, lab: Lab, whole: Repo): readonly RepoPart[] {
  const own = new Set([...all.map((part) => part.repo), repo].flatMap(({ docker }) => docker.composes));
  const composes = whole.docker.composes.filter((compose) => !own.has(compose));
  if (composes.length === 0) return [];
  try {
    return lab.partsOf({ ...whole, docker: { ...whole.docker, composes } });
  } catch (error) {
    // A reference to one of them says so.
    if (isOttoError(error)) return [];
    throw error;
  }
}

/** One for all parts of a call. */
const surveys = new WeakMap<readonly RepoPart[], Promise<readonly SurveyedPart[]>>();

function surveyParts(
  key: readonly RepoPart[],
  parts: readonly RepoPart[],
  { lab, reading }: { readonly lab: Lab; readonly reading: StackReading },
): Promise<readonly SurveyedPart[]> {
  const known = surveys.get(key);
  if (known !== undefined) return known;
  const survey = Promise.all(parts.map((part) => surveyPart(part, lab, reading)));
  surveys.set(key, survey);
  return survey;
}

/** A port that depends on a service's address or port is read as one that the engine chooses. */
async function surveyPart(part: RepoPart, lab: Lab, reading: StackReading): Promise<SurveyedPart> {
  const { env, home } = lab.sshEnvironment;
  const { render } = await resolveIn({ ...createSurroundings(part, lab, reading), survey: undefined });
  const { files } = await readStack(part.repo, { ...reading, environment: { ...env, ...render() }, home });
  const services = files.services.map(({ name }) => [name, files.topology.services.get(name)?.ports ?? []] as const);
  return { part, services: new Map(services) };
}

async function resolveReference(reference: OttoReference, around: Surroundings, place: ReferencePlace): Promise<Piece> {
  if (reference.kind !== "service" && reference.kind !== "port") return resolveHost(reference, around, place);
  if (around.survey === undefined) return "0";
  const all = await around.survey();
  const { name } = reference;
  const having = all.filter(({ services }) => services.has(name));
  const [only, ...others] = having;
  if (only === undefined) {
    const known = [...new Set(all.flatMap(({ services }) => [...services.keys()]))];
    throw unknownReference(place, { why: `no entry of [[docker.composes]] declares the service ${name}`, known });
  }
  if (others.length > 0) {
    const parents = having.map(({ part }) => part.parent.id);
    throw ambiguous(place, { why: `the service ${name} is on several parents`, known: parents });
  }
  if (reference.kind === "service") return addressOf(hostOf(around.lab, only.part), around, place);
  return resolvePort(reference, { only, around, place });
}

function resolvePort(
  { name, port, protocol }: Extract<OttoReference, { kind: "port" }>,
  {
    only,
    around,
    place,
  }: { readonly only: SurveyedPart; readonly around: Surroundings; readonly place: ReferencePlace },
): Piece {
  const { part, services } = only;
  const texts = services.get(name) ?? [];
  const declared = texts.map((text) => findPublished(text, { port, protocol })).find((found) => found !== undefined);
  if (declared === undefined)
    throw unknownReference(place, {
      why: `the service ${name} does not publish the port ${port}/${protocol}`,
      known: texts,
    });
  const isHere = part.parent.id === around.part.parent.id;
  if (!isHere && declared.hostIp !== undefined && /^(127\.|\[?::1|localhost$)/.test(declared.hostIp))
    throw unknownReference(place, {
      why: `${name} publishes the port ${port}/${protocol} on ${declared.hostIp} of ${part.parent.id} alone, which no other machine reaches`,
      known: texts,
    });
  if (declared.published !== undefined) return String(declared.published);
  if (isHere)
    throw unknownReference(place, {
      why: `the engine chooses the port of ${name} when the stack starts that is to know it; on the same parent it is ${name}:${port}`,
      known: texts,
    });
  return { parent: part.parent, project: around.project, service: name, port, protocol };
}

function resolveHost(
  reference: Extract<OttoReference, { kind: "parent" | "role" | "host" }>,
  around: Surroundings,
  place: ReferencePlace,
): string {
  const { lab, part } = around;
  if (reference.kind === "parent") return addressOf(hostOf(lab, part), around, place);
  const { name } = reference;
  if (reference.kind === "role") return addressOf(hostOfRole(name, around, place), around, place);
  try {
    return addressOf(findHost(lab.data, name), around, place);
  } catch (error) {
    if (!isOttoError(error, "LAB_UNKNOWN_HOST")) throw error;
    const known = lab.data.hosts.map(({ id }) => id);
    throw unknownReference(place, { why: `the lab ${lab.data.name} has no host ${name}`, known });
  }
}

/** Where the entries with this role are placed by the call, else the only lab host that has it. */
function hostOfRole(role: string, { lab, parts }: Surroundings, place: ReferencePlace): HostData {
  const placed = parts.filter(({ repo }) => repo.docker.composes.some((compose) => compose.role === role));
  const { hosts } = lab.data;
  const having =
    placed.length > 0 ? placed.map((part) => hostOf(lab, part)) : hosts.filter(({ roles }) => roles.includes(role));
  const [only, ...others] = [...new Map(having.map((host) => [host.id, host])).values()];
  if (only === undefined) {
    const known = [...new Set(hosts.flatMap(({ roles }) => roles))];
    throw unknownReference(place, { why: `no host of the lab ${lab.data.name} has the role ${role}`, known });
  }
  if (others.length === 0) return only;
  const known = [only, ...others].map(({ id }) => id);
  throw ambiguous(place, { why: `several hosts have the role ${role}`, known });
}

function hostOf(lab: Lab, { parent }: RepoPart): HostData {
  return lab.findHost(parent.id);
}

function addressOf(host: HostData, { part }: Surroundings, place: ReferencePlace): string {
  if (!host.isLocal) return host.ip;
  if (host.id === part.parent.id) return "127.0.0.1";
  throw new OttoError(
    "COMPOSE_REFERENCE_UNKNOWN",
    `reading ${place.key} in ${place.file}: ${place.text}: ${host.id} is this machine, and its loopback address leads ${part.parent.id} to itself`,
    {
      hint: "Give this machine a host of its own in the lab, with the address that the others reach it at.",
      details: { file: place.file, key: place.key, reference: place.text, known: [] },
    },
  );
}
