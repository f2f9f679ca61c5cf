import type { Readable } from "node:stream";
import { abortable, anySignal, cleanText, createRedactor, isOttoError, type Secret } from "@otto/errors";
import { buildFailed } from "../build/build-failure.js";
import type { BuildProgress } from "../build/build-options.js";
import { buildParameters } from "../build/build-parameters.js";
import type { EngineClient } from "../connection/engine-client.js";
import { callEngine } from "../connection/engine-error.js";
import { readJsonLines, textField } from "../connection/json-lines.js";
import { secretsOf } from "../images/registry-credentials.js";
import { BuildLog } from "./build-log.js";
import type { OnTransfer } from "./file-sync.js";
import { openBuildSession, type SessionBuildOptions, type SessionServices } from "./session.js";
import { type SessionBuild, solveBuild } from "./solve-build.js";
import { decodeTrace } from "./trace.js";

/**
 * Builds with BuildKit. The engine asks over a session for the files that it lacks; nothing else is sent. Closing the
 * connection (an abort) cancels the build.
 * @throws OttoError `ENGINE_BUILD_FAILED` with `details.output`, `step`, `line` and `exitCode`; what reading a file threw
 */
export async function buildWithSession(
  client: EngineClient,
  options: SessionBuildOptions,
  signal: AbortSignal | undefined,
): Promise<void> {
  const onProgress = options.onProgress ?? (() => {});
  const { redact = [] } = options.services;
  const secrets = [...redact];
  const services = {
    ...options.services,
    findCredentials: notingSecrets(options.services.findCredentials, secrets),
    onTransfer: sumTransfer(onProgress),
  };
  await using session = await openBuildSession(client, services, signal);
  const redactor = createRedactor(redact);
  const build: SessionBuild = {
    options,
    sessionId: session.id,
    log: new BuildLog(onProgress, redactor),
    redactor,
    cleanFailure: (text) => cleanText(text, secrets),
  };
  const hasNamedContexts = Object.keys(options.namedContexts ?? {}).length > 0;
  const ending = anySignal(session.lost, signal);
  const run = hasNamedContexts ? solveBuild : requestBuild;
  try {
    await callEngine(client, { doing: `building ${options.tag}`, signal, secrets }, () =>
      abortable(run(client, build, ending), session.lost),
    );
  } catch (error) {
    // What kept us from serving the build explains its end; the engine only knows that it got no answer.
    throw isOttoError(session.failure) && !signal?.aborted ? session.failure : error;
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

async function requestBuild(client: EngineClient, build: SessionBuild, signal: AbortSignal): Promise<void> {
  const { options, sessionId } = build;
  const query = {
    ...buildParameters(options),
    version: "2",
    remote: "client-session",
    session: sessionId,
    buildid: sessionId,
  };
  await followTraces(await client.stream({ method: "POST", path: "/build", query }, signal), build);
}

async function followTraces(stream: Readable, { options, log, redactor, cleanFailure }: SessionBuild): Promise<void> {
  for await (const line of readJsonLines(stream)) {
    const trace = textField(line, "id") === "moby.buildkit.trace" ? textField(line, "aux") : undefined;
    if (trace !== undefined) log.follow(decodeTrace(Buffer.from(trace, "base64"), redactor));
    const failure = textField(line, "error");
    if (failure !== undefined) throw buildFailed(options, log.failure(cleanFailure(failure)));
  }
}
