import { createHash } from "node:crypto";
import { isIPv4 } from "node:net";
import { cleanText, OttoError } from "@otto/errors";

/** What an engine says of the swarm that it is in. */
export interface SwarmMembership {
  /** `inactive`, `pending`, `active`, `error` or `locked`; others of a later engine. */
  readonly state: string;
  /** Of this engine; empty where it is in no swarm. */
  readonly nodeId: string;
  /** Whether this engine answers for the swarm. */
  readonly isManager: boolean;
  /** Of the swarm; only a manager knows it. */
  readonly clusterId: string | undefined;
  /** Why it is in the state `error`; clean. */
  readonly error: string;
}

export interface SwarmNode {
  readonly id: string;
  readonly hostname: string;
  /** As managers see it; may be empty. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly isManager: boolean;
  /** Whether it answers the managers. */
  readonly isReady: boolean;
  /** Whether it is to have tasks: `availability` is `active`. */
  readonly isActive: boolean;
}

export interface SwarmService {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly image: string;
  readonly mode: SwarmServiceMode;
  /** `any` where the service says nothing. */
  readonly restartCondition: "none" | "on-failure" | "any";
  /** Of its last roll-out; undefined: it was never updated. */
  readonly update: SwarmUpdate | undefined;
  /** Equals that of each task which is as the service says now, apart from where it may run. */
  readonly taskSpec: string;
  /** How many tasks the swarm wants of it now; undefined: the engine does not say. */
  readonly desiredTasks: number | undefined;
}

export type SwarmServiceMode =
  | { readonly kind: "replicated"; readonly replicas: number }
  | { readonly kind: "global" }
  /** `total`: how many tasks are to end with 0. */
  | { readonly kind: "replicated-job"; readonly total: number; readonly iteration: number }
  | { readonly kind: "global-job"; readonly iteration: number };

export interface SwarmUpdate {
  /** `updating`, `paused`, `completed`, `rollback_started`, `rollback_paused`, `rollback_completed`. */
  readonly state: string;
  /** The swarm's own words; clean. */
  readonly message: string;
}

export interface SwarmTask {
  readonly id: string;
  readonly serviceId: string;
  /** From 1; undefined for a task of a service with one task for each node. */
  readonly slot: number | undefined;
  /** Undefined: it is on no node yet. */
  readonly nodeId: string | undefined;
  /** `pending`, `running`, `complete`, `failed`, `rejected`, …: what it is at. */
  readonly state: string;
  /** What it is to be at: `running`, `shutdown`, `remove`, … */
  readonly desiredState: string;
  /** Why it failed, or waits; empty, else clean. */
  readonly error: string;
  readonly message: string;
  readonly containerId: string | undefined;
  readonly exitCode: number | undefined;
  /** As the engine writes it: it sorts as text. */
  readonly createdAt: string;
  /** Of services whose tasks are to end. */
  readonly jobIteration: number | undefined;
  /** As of its service, when it was made. */
  readonly taskSpec: string;
  /** Whether its container has a terminal, so that its log is not framed. */
  readonly tty: boolean;
}

/** A config or a secret. */
export interface SwarmContent {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SwarmNetwork {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A part of an answer, whatever it is. */
interface Part {
  readonly [key: string]: unknown;
}

export function readMembership(answer: unknown): SwarmMembership {
  const swarm = partOf(partOf(answer).Swarm);
  const id = textOf(partOf(swarm.Cluster).ID);
  return {
    state: textOf(swarm.LocalNodeState) || "inactive",
    nodeId: textOf(swarm.NodeID),
    isManager: swarm.ControlAvailable === true,
    clusterId: id === "" ? undefined : id,
    error: cleanText(textOf(swarm.Error)),
  };
}

export function readNode(answer: unknown): SwarmNode {
  const { ID, Spec, Description, Status } = partOf(answer);
  const [spec, status] = [partOf(Spec), partOf(Status)];
  return {
    id: idOf(ID),
    hostname: textOf(partOf(Description).Hostname),
    address: textOf(status.Addr),
    labels: labelsOf(spec.Labels),
    isManager: textOf(spec.Role) === "manager",
    isReady: textOf(status.State) === "ready",
    isActive: textOf(spec.Availability) === "active",
  };
}

export function readService(answer: unknown): SwarmService {
  const { ID, Spec, UpdateStatus, ServiceStatus, JobStatus } = partOf(answer);
  const spec = partOf(Spec);
  const template = partOf(spec.TaskTemplate);
  const condition = textOf(partOf(template.RestartPolicy).Condition);
  const update = partOf(UpdateStatus);
  return {
    id: idOf(ID),
    name: textOf(spec.Name),
    labels: labelsOf(spec.Labels),
    image: textOf(partOf(template.ContainerSpec).Image),
    mode: readMode(partOf(spec.Mode), partOf(JobStatus)),
    restartCondition: condition === "none" || condition === "on-failure" ? condition : "any",
    update: textOf(update.State) === "" ? undefined : { state: textOf(update.State), message: wordsOf(update.Message) },
    taskSpec: digestSpec(template),
    desiredTasks: numberOf(partOf(ServiceStatus).DesiredTasks),
  };
}

function readMode(mode: Part, job: Part): SwarmServiceMode {
  const iteration = numberOf(partOf(job.JobIteration).Index) ?? 0;
  if (mode.Global !== undefined) return { kind: "global" };
  if (mode.GlobalJob !== undefined) return { kind: "global-job", iteration };
  if (mode.ReplicatedJob === undefined)
    return { kind: "replicated", replicas: numberOf(partOf(mode.Replicated).Replicas) ?? 1 };
  const { TotalCompletions, MaxConcurrent } = partOf(mode.ReplicatedJob);
  return { kind: "replicated-job", total: numberOf(TotalCompletions) ?? numberOf(MaxConcurrent) ?? 1, iteration };
}

export function readTask(answer: unknown): SwarmTask {
  const { ID, ServiceID, Slot, NodeID, Status, DesiredState, CreatedAt, JobIteration, Spec } = partOf(answer);
  const status = partOf(Status);
  const container = partOf(status.ContainerStatus);
  const [nodeId, containerId] = [textOf(NodeID), textOf(container.ContainerID)];
  const slot = numberOf(Slot);
  return {
    id: idOf(ID),
    serviceId: idOf(ServiceID),
    slot: slot === 0 ? undefined : slot,
    nodeId: nodeId === "" ? undefined : nodeId,
    state: textOf(status.State),
    desiredState: textOf(DesiredState),
    error: wordsOf(status.Err),
    message: wordsOf(status.Message),
    containerId: containerId === "" ? undefined : containerId,
    exitCode: Status === undefined ? undefined : numberOf(container.ExitCode),
    createdAt: textOf(CreatedAt),
    jobIteration: numberOf(partOf(JobIteration).Index),
    taskSpec: digestSpec(partOf(Spec)),
    tty: partOf(partOf(Spec).ContainerSpec).TTY === true,
  };
}

/** Swarm leaves tasks on nodes that a new placement allows, too; the runtime stands in a service alone. */
function digestSpec(whole: Part): string {
  const spec = { ...whole, Placement: null, Runtime: null };
  return createHash("sha256").update(canonical(spec)).digest("hex").slice(0, 16);
}

/** Equal values have equal texts, whatever the order of their keys; what is empty is not there. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`);
  return `{${entries
    .filter((entry) => !/:(null|\{\}|\[\])$/.test(entry))
    .sort()
    .join()}}`;
}

export function readContent(answer: unknown): SwarmContent {
  const { ID, Spec } = partOf(answer);
  return { id: idOf(ID), name: textOf(partOf(Spec).Name), labels: labelsOf(partOf(Spec).Labels) };
}

export function readNetwork(answer: unknown): SwarmNetwork {
  const { Id, Name, Labels } = partOf(answer);
  return { id: idOf(Id), name: textOf(Name), labels: labelsOf(Labels) };
}

/** @param answer the bridge, as `GET /networks/{name}` describes it */
export function readGatewayAddress(answer: unknown, container: string): string | undefined {
  const address = textOf(partOf(partOf(partOf(answer).Containers)[container]).IPv4Address).split("/")[0] ?? "";
  return isIPv4(address) ? address : undefined;
}

/** Becomes a part of paths of further requests. @throws OttoError `ENGINE_STREAM_INVALID` */
function idOf(value: unknown): string {
  const id = textOf(value);
  if (/^[A-Za-z0-9]{1,128}$/.test(id)) return id;
  throw new OttoError("ENGINE_STREAM_INVALID", `reading an answer on the swarm: "${cleanText(id)}" is no id`);
}

function labelsOf(value: unknown): Readonly<Record<string, string>> {
  const pairs = Object.entries(partOf(value)).filter((pair): pair is [string, string] => typeof pair[1] === "string");
  return Object.fromEntries(pairs);
}

const partOf = (value: unknown): Part => (typeof value === "object" && value !== null ? (value as Part) : {});
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const wordsOf = (value: unknown): string => cleanText(textOf(value)).trim();
const numberOf = (value: unknown): number | undefined => (Number.isSafeInteger(value) ? (value as number) : undefined);
