import type { Readable } from "node:stream";
import { cleanText, OttoError } from "@otto/errors";
import type Docker from "dockerode";
import { buildParameters } from "./build-parameters.js";
import type { BuildProgress } from "./build-progress.js";
import { asking } from "./engine-error.js";
import type { EngineRequest } from "./engine-request.js";
import { readJsonLines, textField } from "./json-lines.js";

export interface BuildImageOptions {
  /** `name:tag` that the finished image gets. */
  readonly tag: string;
  /** The Dockerfile's path in the tar. */
  readonly dockerfile: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly target?: string | undefined;
  readonly platform?: string | undefined;
  readonly pull?: boolean;
  readonly cacheFrom?: readonly string[];
  readonly networkMode?: string | undefined;
  readonly extraHosts?: readonly string[];
  /** In bytes. */
  readonly shmSizeBytes?: number | undefined;
  readonly onProgress?: ((progress: BuildProgress) => void) | undefined;
}

/**
 * Builds the context in `tar` with the engine's own builder. Closing the connection (an abort) cancels the build.
 * @throws OttoError `ENGINE_BUILD_FAILED`, with the whole output in `details.output`.
 */
export async function buildImage(
  docker: Docker,
  tar: Readable,
  options: BuildImageOptions,
  request: EngineRequest,
): Promise<void> {
  const stream = await asking(request, `building ${options.tag}`, () =>
    docker.buildImage(tar, { ...buildParameters(options), version: "1", ...request.abort }),
  );
  await asking(request, `building ${options.tag}`, () => followBuild(stream as Readable, options));
}

async function followBuild(stream: Readable, options: BuildImageOptions): Promise<void> {
  let output = "";
  for await (const line of readJsonLines(stream)) {
    const text = cleanText(textField(line, "stream") ?? "");
    output += text;
    if (text !== "") options.onProgress?.({ type: "output", step: undefined, text });
    const failure = textField(line, "error");
    if (failure !== undefined) throw buildFailed(options.tag, output, cleanText(failure));
  }
}

function buildFailed(tag: string, output: string, failure: string): OttoError {
  return new OttoError("ENGINE_BUILD_FAILED", `building ${tag}: ${failure}`, {
    details: { output: `${output}${failure}\n` },
  });
}
