import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { BuildImageOptions } from "../build/build-options.js";
import { parseExtraHost } from "../build/build-parameters.js";
import { readFields, readFirstText, writeBytes, writeFirstBytes } from "./wire.js";

export interface SolveOptions extends BuildImageOptions {
  /** Further contexts of the Dockerfile by name: `local:<directory of the session>`, or a reference. */
  readonly namedContexts?: Readonly<Record<string, string>> | undefined;
}

/**
 * Encodes the `SolveRequest` of a Dockerfile's build whose image goes to the engine's own store: what `POST /build` makes
 * of the same options, and named contexts.
 * @param id names the build; the session has it too
 * @see https://github.com/moby/buildkit/blob/master/api/services/control/control.proto
 */
export function encodeSolveRequest(options: SolveOptions, id: string): Buffer {
  const writer = new BinaryWriter();
  writeText(writer, 1, id);
  writeText(writer, 3, "moby");
  writeMap(writer, 4, { name: options.tag });
  writeText(writer, 5, id);
  writeText(writer, 6, "dockerfile.v0");
  writeMap(writer, 7, frontendAttributes(options));
  if (options.networkMode === "host") writeText(writer, 9, "network.host");
  return Buffer.from(writer.finish());
}

export function encodeStatusRequest(id: string): Buffer {
  return writeFirstBytes(Buffer.from(id));
}

/** @see https://github.com/moby/moby/blob/v26.1.5/builder/builder-next/builder.go */
export function frontendAttributes(options: SolveOptions): Record<string, string> {
  const { target, platform, networkMode, shmSizeBytes, extraHosts = [], cacheFrom = [] } = options;
  const hosts = extraHosts.map((entry) => parseExtraHost(entry).join("="));
  return {
    filename: options.dockerfile,
    "image-resolve-mode": options.pull === true ? "pull" : "default",
    ...(options.noCache === true && { "no-cache": "" }),
    ...(target !== undefined && { target }),
    ...(platform !== undefined && { platform }),
    ...(networkMode !== undefined && networkMode !== "default" && { "force-network-mode": networkMode }),
    ...(hosts.length > 0 && { "add-hosts": hosts.join(",") }),
    ...(shmSizeBytes !== undefined && { "shm-size": String(shmSizeBytes) }),
    ...(cacheFrom.length > 0 && { "cache-from": cacheFrom.join(",") }),
    ...prefixed("build-arg:", options.buildArgs ?? {}),
    ...prefixed("label:", options.labels ?? {}),
    ...prefixed("context:", options.namedContexts ?? {}),
  };
}

function prefixed(prefix: string, record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [`${prefix}${key}`, value]));
}

function writeText(writer: BinaryWriter, number: number, text: string): void {
  writeBytes(writer, number, Buffer.from(text));
}

function writeMap(writer: BinaryWriter, number: number, map: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(map)) {
    const entry = new BinaryWriter();
    writeText(entry, 1, key);
    writeText(entry, 2, value);
    writer.tag(number, WireType.LengthDelimited).bytes(entry.finish());
  }
}

/** The labels of the workers in a `ListWorkersResponse`. */
export function readWorkerLabels(message: Uint8Array): Map<string, string> {
  const workers = bytesIn(message, 1);
  const labels = workers.flatMap((worker) => bytesIn(worker, 2));
  const textOf = (label: Uint8Array) => Buffer.from(bytesIn(label, 2)[0] ?? []).toString();
  return new Map(labels.map((label) => [readFirstText(label), textOf(label)]));
}

function bytesIn(message: Uint8Array, number: number): Uint8Array[] {
  return [...readFields(message)].flatMap((field) =>
    field.number === number && "bytes" in field ? [field.bytes] : [],
  );
}
