import type { Readable } from "node:stream";
import { abortable, anySignal, cleanText, createRedactor, isOttoError, type Redactor, type Secret } from "@otto/errors";
import { buildFailed } from "../build/build-failure.js";
import { buildParameters } from "../build/build-parameters.js";
import type { BuildProgress } from "../build/build-progress.js";
import type { EngineClient } from "../connection/engine-client.js";
import { asking } from "../connection/engine-error.js";
import { sendToEngine } from "../connection/engine-message.js";
import type { EngineRequest } from "../connection/engine-request.js";
import { readJsonLines, textField } from "../connection/json-lines.js";
import { secretsOf } from "../images/registry-credentials.js";
import { BuildLog } from "./build-log.js";
import type { OnTransfer } from "./file-sync.js";
import { openBuildSession, type SessionServices } from "./session.js";
import { solveBuild } from "./solve-build.js";
import type { SolveOptions } from "./solve-request.js";
import { decodeTrace } from "./trace.js";

export interface SessionBuildOptions extends SolveOptions {
  /** What the engine may ask for while it builds. */
  readonly services: SessionServices;
}

/**
 * Builds with BuildKit. The engine asks over a session for the files that it lacks; nothing else is sent. Closing the
 * connection (an abort) cancels the build.
 * @throws OttoError `ENGINE_BUILD_FAILED` with `details.output`, `step`, `line` and `exitCode`; what reading a file threw
 */
export async function buildWithSession(
  client: EngineClient,
  options: SessionBuildOptions,
  request: EngineRequest,
): Promise<void> {
  const doing = `building ${options.tag}`;
  const onProgress = options.onProgress ?? (() => {});
  const { redact = [] } = options.services;
  const secrets = [...redact];
  const services = {
    ...options.services,
    findCredentials: notingSecrets(options.services.findCredentials, secrets),
    onTransfer: sumTransfer(onProgress),
  };
  await using session = await openBuildSession(client, services, request);
  const redactor = createRedactor(redact);
  const build: SessionBuild = {
    options,
    sessionId: session.id,
    log: new BuildLog(onProgress, redactor),
    redactor,
    cleanFailure: (text) => cleanText(text, secrets),
  };
  const hasNamedContexts = Object.keys(options.namedContexts ?? {}).length > 0;
  const { abortSignal } = request.abort;
  const ending = anySignal(session.lost, abortSignal);
  const run = () =>
    (hasNamedContexts ? solveBuild : requestBuild)(client, build, { ...request, abort: { abortSignal: ending } });
  try {
    await asking({ ...request, secrets }, doing, () => abortable(run(), session.lost));
  } catch (error) {
    // What kept us from serving the build explains its end; the engine only knows that it got no answer.
    throw isOttoError(session.failure) && !abortSignal?.aborted ? session.failure : error;
  } finally {
    build.log.end();
  }
}

function sumTransfer(onProgress: (progress: BuildProgress) => void): OnTransfer {
  let bytes = 0;
  let totalBytes = 0;
  return ({ requestedBytes, sentBytes }) => {
    bytes += sentBytes;
    totalBytes += requestedBytes;
    onProgress({ type: "sent", bytes, totalBytes });
  };
}

/** The same service; `secrets` gets what it hands out, which a registry's words in a failure may hold. */
function notingSecrets(find: SessionServices["findCredentials"], secrets: Secret[]): typeof find {
  return (
    find &&
    (async (host) => {
      const credentials = await find(host);
      secrets.push(...secretsOf(credentials));
      return credentials;
    })
  );
}

/** A build that runs. */
export interface SessionBuild {
  readonly options: SessionBuildOptions;
  readonly sessionId: string;
  readonly log: BuildLog;
  readonly redactor: Redactor;
  /** What the engine says of a failure, without secrets. */
  readonly cleanFailure: (text: string) => string;
}

async function requestBuild(client: EngineClient, build: SessionBuild, request: EngineRequest): Promise<void> {
  const { options, sessionId } = build;
  const query = {
    ...buildParameters(options),
    version: "2",
    remote: "client-session",
    session: sessionId,
    buildid: sessionId,
  };
  await followTraces(await sendToEngine(client, { method: "POST", path: "/build", query }, request), build);
}

async function followTraces(stream: Readable, { options, log, redactor, cleanFailure }: SessionBuild): Promise<void> {
  for await (const line of readJsonLines(stream)) {
    const trace = textField(line, "id") === "moby.buildkit.trace" ? textField(line, "aux") : undefined;
    if (trace !== undefined) log.follow(decodeTrace(Buffer.from(trace, "base64"), redactor));
    const failure = textField(line, "error");
    if (failure !== undefined) throw buildFailed(options, log.failure(cleanFailure(failure)));
  }
}
