import { isWithin, type Redactor } from "@otto/errors";
import { buildFailed } from "../build/build-failure.js";
import { parseExtraHost } from "../build/build-parameters.js";
import type { EngineClient } from "../connection/engine-client.js";
import type { BuildLog } from "./build-log.js";
import { connectToBuildKit, type GrpcClient } from "./grpc-client.js";
import { GrpcError } from "./grpc-server.js";
import type { SessionBuildOptions } from "./session.js";
import { encodeSolveRequest, encodeStatusRequest, readWorkerLabels, type SolveOptions } from "./solve-request.js";
import { decodeTrace } from "./trace.js";

const control = "/moby.buildkit.v1.Control";
// Once a build is over, the engine ends its report at once.
const lastReportMs = 5_000;

/** A build that runs. */
export interface SessionBuild {
  readonly options: SessionBuildOptions;
  readonly sessionId: string;
  readonly log: BuildLog;
  readonly redactor: Redactor;
  /** What the engine says of a failure, without secrets. */
  readonly cleanFailure: (text: string) => string;
}

/**
 * Builds by the engine's BuildKit itself, as `docker buildx` does: `POST /build` takes no named contexts.
 * @throws OttoError `ENGINE_BUILD_FAILED`
 */
export async function solveBuild(client: EngineClient, build: SessionBuild, signal: AbortSignal): Promise<void> {
  const { options, sessionId, log } = build;
  using buildKit = await connectToBuildKit(client, signal);
  const resolved = await withGateway(buildKit, options);
  const solving = drain(buildKit.call(`${control}/Solve`, encodeSolveRequest(resolved, sessionId)));
  const report = followReport(buildKit, build);
  try {
    await solving;
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    // The failed step's name and output come by the report.
    await isWithin(report, lastReportMs);
    throw buildFailed(options, log.failure(build.cleanFailure(error.message)));
  }
  await isWithin(report, lastReportMs);
}

const gateway = "host-gateway";

/** `POST /build` puts the address of the engine's machine in place of the name; BuildKit itself wants the address. */
async function withGateway(buildKit: GrpcClient, options: SolveOptions): Promise<SolveOptions> {
  const { extraHosts = [] } = options;
  const hosts = extraHosts.map(parseExtraHost);
  if (!hosts.some(([, address]) => address === gateway)) return options;
  const address = await findGateway(buildKit);
  if (address === undefined) return options;
  return { ...options, extraHosts: hosts.map(([name, own]) => `${name}=${own === gateway ? address : own}`) };
}

/** The engine's worker has it as a label (Docker 23 and newer). */
async function findGateway(buildKit: GrpcClient): Promise<string | undefined> {
  for await (const message of buildKit.call(`${control}/ListWorkers`, new Uint8Array())) {
    const address = readWorkerLabels(message).get("org.mobyproject.buildkit.worker.moby.host-gateway-ip");
    if (address !== undefined) return address;
  }
  return undefined;
}

async function drain(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of messages) {
    // A success says nothing that we need.
  }
}

/** Never fails: the build's own answer says how it ended. */
async function followReport(buildKit: GrpcClient, { sessionId, log, redactor }: SessionBuild): Promise<void> {
  try {
    for await (const message of buildKit.call(`${control}/Status`, encodeStatusRequest(sessionId))) {
      log.follow(decodeTrace(message, redactor));
    }
  } catch {
    // A build that is refused at once has no report.
  }
}
