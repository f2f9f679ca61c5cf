import { OttoError } from "@otto/errors";
import { registryHint } from "../images/registry-hint.js";
import type { BuildImageOptions } from "./build-options.js";
import { quoteInstruction } from "./dockerfile-excerpt.js";

/** How a build ended. */
export interface BuildFailure {
  /** What the engine says. */
  readonly message: string;
  /** The failed step's name, where there is one. */
  readonly step: string | undefined;
  /** What the step said; without one, what the build said. */
  readonly output: string;
  readonly exitCode: number | undefined;
}

const lastLines = 50;
const keptLength = 64 * 1024;

/** The error of a failed build: the step, its Dockerfile's line with those around it, its last lines and its exit code. */
export function buildFailed(options: BuildImageOptions, failure: BuildFailure): OttoError {
  const { message, step, exitCode } = failure;
  const line = lineIn(message) ?? (step === undefined ? undefined : options.locateStep?.(step));
  const place = step === undefined ? "" : `${step}${line === undefined ? "" : ` (line ${line})`}: `;
  const { dockerfile, dockerfileName = dockerfile, dockerfileText = "" } = options;
  const excerpt = line === undefined ? "" : quoteInstruction(dockerfileName, dockerfileText, line);
  const output = [keepLastLines(failure.output.trimEnd()), excerpt, message].filter((part) => part !== "").join("\n");
  return new OttoError("ENGINE_BUILD_FAILED", `building ${options.tag}: ${place}${message}`, {
    hint: registryHint(message),
    details: {
      output: `${output}\n`,
      ...(step !== undefined && { step }),
      ...(line !== undefined && { line }),
      ...(exitCode !== undefined && { exitCode }),
    },
  });
}

/** As much of a text as an error may show. */
export function keepLastLines(text: string): string {
  return text.slice(-keptLength).split("\n").slice(-lastLines).join("\n");
}

/** The same for a text that grows piece by piece, which is not cut at each. */
export function trimGrowing(text: string): string {
  return text.length > 2 * keptLength ? keepLastLines(text) : text;
}

/** Of a Dockerfile that cannot be read; the words of BuildKit 0.8 (Docker 20.10) to 0.13 (26.1). */
function lineIn(message: string): number | undefined {
  const [, line] = /dockerfile parse error (?:on )?line (\d+)/i.exec(message) ?? [];
  return line === undefined ? undefined : Number(line);
}
