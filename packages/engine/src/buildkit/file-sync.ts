import { OttoError } from "@otto/errors";
import type { GrpcCall } from "./grpc-server.js";
import { decodePacket, encodePacket, type Packet, type Stat } from "./packet.js";

/** What the engine asks of a directory. Patterns and paths as BuildKit's frontend gives them. */
export interface SyncRequest {
  /** `dockerfile` or `context`. */
  readonly directory: string;
  /** Entries that the build reads, and what links among them lead to; empty: all. */
  readonly followPaths: readonly string[];
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
}

/** What is in a directory of the build, by places in BuildKit's order. Of many entries none is kept here. */
export interface SyncDirectory {
  readonly length: number;
  stat(place: number): Stat;
  /** A file's content, which is read only if the engine lacks it; undefined for what is no file. */
  read(place: number): Iterable<Uint8Array> | AsyncIterable<Uint8Array> | undefined;
}

/** Answers what is in a directory of the build; undefined where there is no such directory. */
export type SyncSource = (request: SyncRequest) => SyncDirectory | undefined;

/** Told of each change in what is under way. */
export type OnTransfer = (change: { readonly requestedBytes: number; readonly sentBytes: number }) => void;

// More open files at once make the engine run out of descriptors; fsutil's own sender reads as many.
const filesAtOnce = 4;
const chunkBytes = 32 * 1024;

/**
 * Serves one `DiffCopy` call: tells the engine every entry, then sends the files that it asks for.
 * @param onTransfer gets the content bytes of each file that is asked for and of each piece sent
 * @see https://github.com/tonistiigi/fsutil/blob/master/send.go
 */
export async function serveDiffCopy(call: GrpcCall, source: SyncSource, onTransfer: OnTransfer): Promise<void> {
  const request = readRequest(call);
  const directory = source(request);
  if (directory === undefined)
    throw new OttoError("BUILDKIT_NO_DIRECTORY", `the build asks for an unknown directory ${request.directory}`);
  const transfer = { directory, send: (packet: Packet) => call.send(...encodePacket(packet)), onTransfer };
  await Promise.all([sendStats(transfer), sendRequested(call, transfer)]);
  await transfer.send({ type: "finish" });
}

interface Transfer {
  readonly directory: SyncDirectory;
  readonly send: (packet: Packet) => Promise<void>;
  readonly onTransfer: OnTransfer;
}

/**
 * Sends each file that is asked for, until the engine has all; the first that cannot be sent ends it at once. Why the
 * engine itself gives up, it says of the build: its disk is full, say, where it only cancels the transfer.
 */
function sendRequested(call: GrpcCall, transfer: Transfer): Promise<void> {
  const asked: number[] = [];
  let [next, underWay, isFinished] = [0, 0, false];
  return new Promise((resolve, reject) => {
    const proceed = () => {
      for (; underWay < filesAtOnce && next < asked.length; underWay++) {
        sendFile(transfer, asked[next++] ?? 0).then(() => {
          underWay--;
          proceed();
        }, reject);
      }
      if (isFinished && underWay === 0) resolve();
    };
    call.onMessage((message) => {
      const packet = decodePacket(message);
      if (packet.type === "request") asked.push(packet.id);
      if (asked.length > transfer.directory.length) reject(syncFailed("the engine asks for more files than there are"));
      if (packet.type === "finish") isFinished = true;
      if (packet.type === "error") reject(new Error(`the engine refuses the context: ${packet.message}`));
      else proceed();
    });
    call.onEnd((broken) => reject(broken ?? new Error("the engine closed the transfer of the context")));
  });
}

function syncFailed(reason: string): OttoError {
  return new OttoError("BUILDKIT_SYNC_FAILED", `sending the build context: ${reason}`);
}

async function sendStats({ directory, send }: Transfer): Promise<void> {
  for (let place = 0; place < directory.length; place++) await send({ type: "stat", stat: directory.stat(place) });
  await send({ type: "stat", stat: undefined });
}

async function sendFile({ directory, send, onTransfer }: Transfer, id: number): Promise<void> {
  const content = id < directory.length ? directory.read(id) : undefined;
  if (content === undefined) throw syncFailed(`the engine asks for entry ${id}, which is no file`);
  onTransfer({ requestedBytes: directory.stat(id).sizeBytes, sentBytes: 0 });
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; at += chunkBytes) {
      const data = chunk.subarray(at, at + chunkBytes);
      await send({ type: "data", id, data });
      onTransfer({ requestedBytes: 0, sentBytes: data.length });
    }
  }
  await send({ type: "data", id, data: new Uint8Array() });
}

function readRequest({ headers }: GrpcCall): SyncRequest {
  return {
    directory: readList(headers, "dir-name")[0] ?? "",
    followPaths: readList(headers, "followpaths"),
    includePatterns: readList(headers, "include-patterns"),
    excludePatterns: readList(headers, "exclude-patterns"),
  };
}

/** Values with other than ASCII letters come in the encoding of URL queries, and say so. */
function readList(headers: GrpcCall["headers"], key: string): readonly string[] {
  const values = headers.get(key) ?? [];
  const isEncoded = headers.get(`${key}-encoded`)?.[0] === "1";
  return isEncoded ? values.map((value) => decodeURIComponent(value.replaceAll("+", " "))) : values;
}
