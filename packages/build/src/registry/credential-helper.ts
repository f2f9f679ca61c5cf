import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { RegistryCredentials } from "@otto/engine";
import { OttoError, Secret, startDeadline } from "@otto/errors";
import type { Environment } from "../build-secrets.js";

export interface HelperQuestion {
  /** `pass` for the program `docker-credential-pass`. */
  readonly helper: string;
  readonly server: string;
  /** The program's variables; `PATH` finds it. */
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
}

// A helper may ask its user to unlock a key ring.
const answerTimeoutMs = 60_000;
/** Bytes. */
const longestAnswer = 1 << 20;

/**
 * Asks a credential helper on this machine.
 * @returns undefined when it has none for this server
 * @throws OttoError `DOCKER_CREDENTIAL_HELPER_FAILED`, which never holds what the helper said
 * @see https://github.com/docker/docker-credential-helpers#development
 */
export async function askCredentialHelper(question: HelperQuestion): Promise<RegistryCredentials | undefined> {
  if (!/^[\w.-]+$/.test(question.helper)) throw helperFailed(question, "its name is not that of a program");
  const { exitCode, answer } = await runHelper(question);
  if (exitCode === 0) return readAnswer(answer, question);
  if (saysNotFound(answer)) return undefined;
  throw helperFailed(question, `it ended with ${exitCode ?? "a signal"}`);
}

async function runHelper(question: HelperQuestion): Promise<{ exitCode: number | null; answer: string }> {
  const { helper, server, env, signal } = question;
  using deadline = startDeadline(answerTimeoutMs, signal);
  const child = spawn(`docker-credential-${helper}`, ["get"], {
    env,
    stdio: ["pipe", "pipe", "ignore"],
    signal: deadline.signal,
  });
  // A helper that ends without reading is told of by its exit code.
  child.stdin.on("error", () => {}).end(server);
  try {
    const [answer, [exitCode]] = await Promise.all([readAnswerText(child.stdout), once(child, "close")]);
    return { exitCode: exitCode as number | null, answer };
  } catch (error) {
    child.kill("SIGKILL");
    signal?.throwIfAborted();
    throw helperFailed(question, describeFailure(deadline.passed, error), error);
  }
}

class EndlessAnswer extends Error {}

/** The program may be one that never stops. */
async function readAnswerText(stdout: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longestAnswer) throw new EndlessAnswer();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function readAnswer(answer: string, question: HelperQuestion): RegistryCredentials {
  const { Username, Secret: secret } = parseAnswer(answer);
  if (typeof Username !== "string" || typeof secret !== "string") {
    throw helperFailed(question, "its answer is not what a helper answers");
  }
  return Username === "<token>"
    ? { identityToken: new Secret(secret) }
    : { username: Username, password: new Secret(secret) };
}

function parseAnswer(answer: string): { readonly Username?: unknown; readonly Secret?: unknown } {
  try {
    return Object(JSON.parse(answer));
  } catch {
    return {};
  }
}

/** The words of docker-credential-helpers 0.6 to 0.9; helpers that others write repeat them, for the client knows no other sign. */
function saysNotFound(answer: string): boolean {
  return answer.trim() === "credentials not found in native keychain";
}

function describeFailure(isLate: boolean, error: unknown): string {
  if (isLate) return "it did not answer within 60 s";
  return error instanceof EndlessAnswer ? `its answer is longer than ${longestAnswer} bytes` : "it cannot be run";
}

function helperFailed({ helper, server }: HelperQuestion, reason: string, cause?: unknown): OttoError {
  return new OttoError(
    "DOCKER_CREDENTIAL_HELPER_FAILED",
    `asking docker-credential-${helper} for the credentials of ${server}: ${reason}`,
    {
      hint: `Install or repair it, or name no helper for ${server} in Docker's config.json.`,
      details: { helper, server },
      cause,
    },
  );
}
