import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import {
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { cleanText, type Secret } from "@otto/errors";
import type Docker from "dockerode";
import { asking } from "../engine-error.js";
import type { EngineRequest } from "../engine-request.js";
import { encodeCredentials, type RegistryCredentials } from "../registry-credentials.js";
import { type OnTransfer, type SyncSource, serveDiffCopy } from "./file-sync.js";
import { decodePacket, encodePacket, type Packet } from "./packet.js";
import { forwardAgent } from "./ssh-agent.js";
import { readFirstText, writeFirstBytes } from "./wire.js";

/** What the engine may take from this machine during a build. */
export interface SessionServices {
  /** Names what of an earlier transfer the engine may compare with: the same for all who build the same image. */
  readonly sharedKey: string;
  readonly files: SyncSource;
  /** A secret's value, or undefined where there is none of this id. Default: there are none. */
  readonly readSecret?: ((id: string) => Promise<Uint8Array | undefined>) | undefined;
  /** Values that must not appear in the build's output, which is told to others. */
  readonly redact?: readonly Secret[] | undefined;
  /** Sockets of ssh-agents by id, for `RUN --mount=type=ssh`. Default: there are none. */
  readonly sshAgents?: Readonly<Record<string, string>> | undefined;
  /** What a registry gets for a base image; asked for the registries that the build takes images from, and no other. */
  readonly findCredentials?: ((registryHost: string) => Promise<RegistryCredentials | undefined>) | undefined;
  readonly onTransfer?: OnTransfer | undefined;
}

/** A connection over which the engine asks for files and secrets. */
export interface BuildSession extends AsyncDisposable {
  readonly id: string;
  /** Why serving a request failed, if it did: it says more than the build's own error. */
  readonly failure: unknown;
}

/**
 * Opens a BuildKit session: the engine is the gRPC client on a connection that we dialled.
 * @see https://github.com/moby/buildkit/blob/master/session/grpc.go
 */
export async function openBuildSession(
  docker: Docker,
  services: SessionServices,
  request: EngineRequest,
): Promise<BuildSession> {
  const id = randomUUID();
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  const failures: unknown[] = [];
  const methods = [
    ...addHealth(server),
    ...addFileSync(server, services, (error) => failures.push(error)),
    ...(services.readSecret === undefined ? [] : addSecrets(server, services.readSecret)),
    ...(services.findCredentials === undefined ? [] : addCredentials(server, services.findCredentials)),
    ...(services.sshAgents === undefined ? [] : addSshAgents(server, services.sshAgents)),
  ];
  const socket = await asking(request, "opening a build session", () =>
    dialSession(docker, { id, sharedKey: services.sharedKey, methods }, request),
  );
  socket.on("error", () => {});
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  injector.injectConnection(socket);
  return {
    id,
    get failure() {
      return failures[0];
    },
    async [Symbol.asyncDispose]() {
      injector.destroy();
      server.forceShutdown();
      socket.destroy();
    },
  };
}

interface Announcement {
  readonly id: string;
  readonly sharedKey: string;
  readonly methods: readonly string[];
}

function dialSession(
  docker: Docker,
  { id, sharedKey, methods }: Announcement,
  request: EngineRequest,
): Promise<Duplex> {
  const options = {
    path: "/session",
    method: "POST",
    hijack: true,
    isStream: true,
    statusCodes: { 101: true, 200: true },
    headers: {
      Upgrade: "h2c",
      "X-Docker-Expose-Session-Uuid": id,
      "X-Docker-Expose-Session-Name": "otto",
      "X-Docker-Expose-Session-Sharedkey": sharedKey,
      "X-Docker-Expose-Session-Grpc-Method": methods,
    },
    ...request.abort,
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      options as unknown as Parameters<typeof docker.modem.dial>[0],
      (error: unknown, socket: unknown) => (error ? reject(error as Error) : resolve(socket as Duplex)),
    );
  });
}

type Unary = (request: Buffer) => Promise<Buffer>;

const raw = { serialize: (bytes: Buffer) => bytes, deserialize: (bytes: Buffer) => bytes };

function unary(path: string): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: raw.serialize,
    requestDeserialize: raw.deserialize,
    responseSerialize: raw.serialize,
    responseDeserialize: raw.deserialize,
  };
}

function addUnary(server: Server, path: string, answer: Unary): string[] {
  const handle = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
    answer(call.request).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toStatus(error)),
    );
  };
  server.addService({ call: unary(path) } as ServiceDefinition, { call: handle });
  return [path];
}

const serving = Buffer.from([0x08, 0x01]);

function addHealth(server: Server): string[] {
  return addUnary(server, "/grpc.health.v1.Health/Check", async () => serving);
}

function addSecrets(server: Server, readSecret: NonNullable<SessionServices["readSecret"]>): string[] {
  return addUnary(server, "/moby.buildkit.secrets.v1.Secrets/GetSecret", async (request) => {
    const id = readFirstText(request);
    const value = await readSecret(id);
    if (value === undefined) throw Object.assign(new Error(`secret ${id}: not found`), { code: status.NOT_FOUND });
    return writeFirstBytes(value);
  });
}

/**
 * The auth service's methods for tokens are not served: the engine then asks the registry for a token itself.
 * @see https://github.com/moby/buildkit/blob/master/session/auth/auth.proto
 */
function addCredentials(server: Server, find: NonNullable<SessionServices["findCredentials"]>): string[] {
  return addUnary(server, "/moby.filesync.v1.Auth/Credentials", async (request) =>
    encodeCredentials(await find(readFirstText(request))),
  );
}

function addFileSync(server: Server, services: SessionServices, onFailure: (error: unknown) => void): string[] {
  const path = "/moby.filesync.v1.FileSync/DiffCopy";
  const definition: MethodDefinition<Packet, Packet> = {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: encodePacket,
    requestDeserialize: decodePacket,
    responseSerialize: encodePacket,
    responseDeserialize: decodePacket,
  };
  const handle = (call: ServerDuplexStream<Packet, Packet>) => {
    serveDiffCopy(call, services.files, services.onTransfer ?? (() => {})).then(
      () => call.end(),
      (error: unknown) => {
        if (!call.cancelled) onFailure(error);
        call.emit("error", toStatus(error));
      },
    );
  };
  server.addService({ call: definition } as ServiceDefinition, { call: handle });
  return [path];
}

/** @see https://github.com/moby/buildkit/blob/master/session/sshforward/ssh.proto */
function addSshAgents(server: Server, sockets: Readonly<Record<string, string>>): string[] {
  const find = (id: string): string => {
    const socket = sockets[id];
    if (socket === undefined)
      throw Object.assign(new Error(`ssh agent ${id}: not given to this build`), { code: status.NOT_FOUND });
    return socket;
  };
  const path = "/moby.sshforward.v1.SSH/ForwardAgent";
  const definition = { ...unary(path), requestStream: true, responseStream: true };
  const handle = (call: ServerDuplexStream<Buffer, Buffer>) => {
    const id = String(call.metadata.get("buildkit.ssh.id")[0] ?? "default");
    forwardAgent(call, () => find(id)).then(
      () => call.end(),
      (error: unknown) => call.emit("error", toStatus(error)),
    );
  };
  server.addService({ call: definition } as ServiceDefinition, { call: handle });
  const check = addUnary(server, "/moby.sshforward.v1.SSH/CheckAgent", async (request) => {
    find(readFirstText(request) || "default");
    return Buffer.alloc(0);
  });
  return [path, ...check];
}

function toStatus(error: unknown) {
  const code =
    typeof error === "object" && error !== null && "code" in error && typeof error.code === "number"
      ? error.code
      : status.INTERNAL;
  const details = cleanText(error instanceof Error ? error.message : String(error));
  return { name: "Error", message: details, code, details, metadata: new Metadata() };
}
