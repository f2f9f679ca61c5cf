import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { isOttoError, type Secret } from "@otto/errors";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine } from "../connection/engine-error.js";
import { type RegistryCredentials, secretsOf } from "../images/registry-credentials.js";
import { type OnTransfer, type SyncSource, serveDiffCopy } from "./file-sync.js";
import { type GrpcCall, GrpcError, type GrpcHandler, grpcStatus, serveGrpc, unary } from "./grpc-server.js";
import type { SolveOptions } from "./solve-request.js";
import { readFirstBytes, readFirstText, writeBytes, writeFirstBytes } from "./wire.js";

/** What the engine may take from this machine during a build. */
export interface SessionServices {
  /** Names what of an earlier transfer the engine may compare with: the same for all who build the same image. */
  readonly sharedKey: string;
  readonly files: SyncSource;
  /** A secret's value, or undefined where there is none of this id. Default: there are none. */
  readonly readSecret?: ((id: string) => Promise<Uint8Array | undefined>) | undefined;
  /** Values that must not appear in the build's output, which is told to others. */
  readonly redact?: readonly Secret[] | undefined;
  /** Opens connections to ssh-agents, by id, for `RUN --mount=type=ssh`. Default: there are none. */
  readonly sshAgents?: Readonly<Record<string, () => Duplex>> | undefined;
  /** What a registry gets. An engine may ask for any: answer for those that the build takes images from, and no other. */
  readonly findCredentials?: ((registryHost: string) => Promise<RegistryCredentials | undefined>) | undefined;
  readonly onTransfer?: OnTransfer | undefined;
}

export interface SessionBuildOptions extends SolveOptions {
  /** What the engine may ask for while it builds. */
  readonly services: SessionServices;
}

/** A connection over which the engine asks for files and secrets. */
export interface BuildSession extends AsyncDisposable {
  readonly id: string;
  /** Why serving a request failed, if it did: it says more than the build's own error. */
  readonly failure: unknown;
  /** Fires when the connection is lost: a build over another one would fail in words that lead nowhere. */
  readonly lost: AbortSignal;
}

/**
 * Opens a BuildKit session: the engine is the gRPC client on a connection that we dialled.
 * @see https://github.com/moby/buildkit/blob/master/session/grpc.go
 */
export async function openBuildSession(
  client: EngineClient,
  services: SessionServices,
  signal: AbortSignal | undefined,
): Promise<BuildSession> {
  const id = randomUUID();
  const failures: unknown[] = [];
  const handlers = {
    ...health,
    ...fileSync(services, (error) => failures.push(error)),
    ...(services.readSecret && secrets(services.readSecret)),
    ...(services.findCredentials && credentials(services.findCredentials)),
    ...(services.sshAgents && sshAgents(services.sshAgents)),
  };
  const methods = Object.keys(handlers);
  const announced = { id, sharedKey: services.sharedKey, methods };
  const socket = await callEngine(
    client,
    { doing: "opening a build session", signal },
    () => dialSession(client, announced, signal),
    (late) => late.destroy(),
  );
  const lost = followLoss(socket);
  const server = serveGrpc(socket, handlers);
  return {
    id,
    get failure() {
      return failures[0];
    },
    lost,
    async [Symbol.asyncDispose]() {
      server.close();
      socket.destroy();
    },
  };
}

function followLoss(socket: Duplex): AbortSignal {
  const lost = new AbortController();
  const tell = () => lost.abort(socket.errored ?? new Error("the session's connection was closed"));
  socket.on("error", () => {}).once("close", tell);
  if (socket.destroyed) tell();
  return lost.signal;
}

interface Announcement {
  readonly id: string;
  readonly sharedKey: string;
  readonly methods: readonly string[];
}

function dialSession(
  client: EngineClient,
  { id, sharedKey, methods }: Announcement,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  const headers = {
    "X-Docker-Expose-Session-Uuid": id,
    "X-Docker-Expose-Session-Name": "otto",
    "X-Docker-Expose-Session-Sharedkey": sharedKey,
    "X-Docker-Expose-Session-Grpc-Method": methods,
  };
  return client.hijack("h2c", { method: "POST", path: "/session", headers }, signal);
}

type Handlers = Readonly<Record<string, GrpcHandler>>;

const serving = Buffer.from([0x08, 0x01]);
const health: Handlers = { "/grpc.health.v1.Health/Check": unary(async () => serving) };

function secrets(readSecret: NonNullable<SessionServices["readSecret"]>): Handlers {
  const answer = async (request: Buffer) => {
    const id = readFirstText(request);
    const value = await readSecret(id);
    if (value === undefined) throw new GrpcError(grpcStatus.notFound, `secret ${id}: not found`);
    return writeFirstBytes(value);
  };
  return { "/moby.buildkit.secrets.v1.Secrets/GetSecret": unary(answer) };
}

/**
 * The auth service's methods for tokens are not served: the engine then asks the registry for a token itself.
 * @see https://github.com/moby/buildkit/blob/master/session/auth/auth.proto
 */
function credentials(find: NonNullable<SessionServices["findCredentials"]>): Handlers {
  const answer = async (request: Buffer) => encodeCredentials(await find(readFirstText(request)));
  return { "/moby.filesync.v1.Auth/Credentials": unary(answer) };
}

/** BuildKit's `CredentialsResponse`; a token goes as the secret of nobody. */
function encodeCredentials(credentials: RegistryCredentials | undefined): Buffer {
  const writer = new BinaryWriter();
  if (credentials !== undefined && "username" in credentials) writeBytes(writer, 1, Buffer.from(credentials.username));
  for (const secret of secretsOf(credentials)) writeBytes(writer, 2, Buffer.from(secret.reveal()));
  return Buffer.from(writer.finish());
}

function fileSync(services: SessionServices, onFailure: (error: unknown) => void): Handlers {
  const serve: GrpcHandler = async (call) => {
    try {
      await serveDiffCopy(call, services.files, services.onTransfer ?? (() => {}));
    } catch (error) {
      if (!call.isCancelled && isOttoError(error)) onFailure(error);
      throw error;
    }
  };
  return { "/moby.filesync.v1.FileSync/DiffCopy": serve };
}

/** @see https://github.com/moby/buildkit/blob/master/session/sshforward/ssh.proto */
function sshAgents(agents: Readonly<Record<string, () => Duplex>>): Handlers {
  const known = new Map(Object.entries(agents));
  const find = (id: string): (() => Duplex) => {
    const connect = known.get(id);
    if (connect === undefined) throw new GrpcError(grpcStatus.notFound, `ssh agent ${id}: not given to this build`);
    return connect;
  };
  return {
    "/moby.sshforward.v1.SSH/CheckAgent": unary(async (request) => {
      find(readFirstText(request) || "default");
      return Buffer.alloc(0);
    }),
    "/moby.sshforward.v1.SSH/ForwardAgent": async (call) => {
      const connect = find(call.headers.get("buildkit.ssh.id")?.[0] ?? "default");
      await forwardAgent(call, connect());
    },
  };
}

/** Joins one agent connection of a build step with an agent on this machine. */
async function forwardAgent(call: GrpcCall, agent: Duplex): Promise<void> {
  call.onMessage((message) => agent.write(readFirstBytes(message)));
  call.onEnd(() => agent.end());
  for await (const bytes of agent as AsyncIterable<Buffer>) await call.send(writeFirstBytes(bytes));
}
