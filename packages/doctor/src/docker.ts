import { dirname } from "node:path/posix";
import type { HostData } from "@otto/config";
import { cleanText, isOttoError, startDeadline } from "@otto/errors";
import { engineVariables, findCompose, findMissingPrograms, type Parent } from "@otto/hosts";
import { bad, type DoctorCheck, type Finding, type Judged, notReached, ok } from "./finding.js";
import {
  judgeBrokenDocker,
  judgeBuildKit,
  judgeClient,
  judgeClock,
  judgeCompose,
  judgeDisk,
  judgeDocker,
  judgeEngine,
  judgePrograms,
  judgeSocket,
  judgeSwarm,
} from "./verdicts.js";

/** What a parent is asked with. */
export interface DockerProbe {
  readonly parent: Parent;
  /** As the lab declares it. */
  readonly docker: HostData["docker"];
  /** Whether stacks are deployed by it on a swarm. */
  readonly isManager: boolean;
  readonly signal: AbortSignal;
}

const timeoutMs = 15_000;

/** What a command said; where it failed, with what; or why nothing came of it. */
type Answer =
  | { readonly is: "said"; readonly text: string }
  | { readonly is: "failed"; readonly text: string }
  | { readonly is: "unanswered"; readonly text: string };

/** Looks at what a parent needs beside the way to it: programs, docker, the engine, Compose, room, the time. */
export async function* examineDocker(probe: DockerProbe): AsyncGenerator<Finding> {
  const at = (check: DoctorCheck, judged: Judged): Finding => ({ machine: probe.parent.id, check, ...judged });
  const { command, socketPath } = probe.parent.docker;
  yield at(
    "programs",
    judged(await findMissing(probe), judgeMissing, () => judgePrograms(["sh"])),
  );
  const docker = await examineProgram(probe);
  yield at("docker", docker);
  const engine = await askEngine(probe);
  const socket = judged(await lookAtSocket(probe), (seen) => judgeSocket(socketPath, seen as SeenSocket));
  const isAskedByLogin = probe.docker.command.length === 1 || socket.status === "ok";
  yield at("socket", isAskedByLogin ? socket : judgeForeignSocket(command, socketPath, engine.judged));
  yield at("engine", isAskedByLogin && socket.status !== "ok" ? orUnreachable(engine.judged) : engine.judged);
  const silent = notReached("the engine does not answer");
  yield at("buildkit", engine.hasBuildKit === undefined ? silent : judgeBuildKit(engine.hasBuildKit));
  const noDocker = docker.status === "ok" ? undefined : notReached(`docker: ${docker.text}`);
  const noEngine = engine.judged.status === "ok" ? undefined : notReached(`engine: ${engine.judged.text}`);
  const root = noDocker === undefined ? await askRoot(probe) : undefined;
  yield at("client", noDocker ?? noEngine ?? (await examineClient(probe, root)));
  yield at("compose", noDocker ?? (await examineCompose(probe)));
  if (probe.isManager) yield at("swarm", noEngine ?? (await examineSwarm(probe)));
  yield at("disk", await examineDisk(probe, root));
  yield at("clock", await examineClock(probe));
}

/** A verdict on an answer. @param failed on a command that failed; default: as on none */
function judged(answer: Answer, said: (text: string) => Judged, failed?: () => Judged): Judged {
  if (answer.is === "said") return said(answer.text);
  return answer.is === "failed" && failed !== undefined ? failed() : notReached(answer.text);
}

/** Of an engine that could not be reached, for its socket is not what it should be. */
function orUnreachable(engine: Judged): Judged {
  return engine.status === "ok" ? engine : notReached(engine.text);
}

/** Of a socket that a docker.command such as sudo may use, and the login may not. */
function judgeForeignSocket(command: readonly string[], path: string, engine: Judged): Judged {
  if (engine.status === "ok") return ok(`${path}, by \`${command.join(" ")}\``);
  return notReached(`the login may not look at ${path}, and \`${command.join(" ")}\` gets no answer from it`);
}

/** Finds docker.command, and has it run: sudo may ask for a password. */
async function examineProgram(probe: DockerProbe): Promise<Judged> {
  const { command } = probe.parent.docker;
  const found = await ask(probe, ["sh", "-c", 'command -v -- "$1"', "sh", command[0] ?? "docker"]);
  if (found.is !== "said") return judged(found, ok, () => judgeDocker(command, undefined));
  const version = await askClient(probe, ["--version"]);
  if (version.is === "unanswered") return notReached(version.text);
  return version.is === "said" ? judgeDocker(command, found.text) : judgeBrokenDocker(command, version.text);
}

function findMissing(probe: DockerProbe): Promise<Answer> {
  return ask(probe, ["sh", "-c", `${findMissingPrograms}\necho "$missing"`]);
}

function judgeMissing(said: string): Judged {
  return judgePrograms(said.split(" ").filter((program) => program !== ""));
}

type SeenSocket = Parameters<typeof judgeSocket>[1];

function lookAtSocket(probe: DockerProbe): Promise<Answer> {
  const script = `if [ -S "$1" ]; then [ -w "$1" ] && echo ok || echo denied
elif [ -e "$1" ]; then echo no-socket; else echo missing; fi`;
  return ask(probe, ["sh", "-c", script, "sh", probe.parent.docker.socketPath]);
}

async function askEngine({ parent, docker, signal }: DockerProbe): Promise<{ judged: Judged; hasBuildKit?: boolean }> {
  using deadline = startDeadline(timeoutMs, signal);
  try {
    const version = await parent.engine.version(deadline.signal);
    return { judged: judgeEngine(version), hasBuildKit: version.hasBuildKit };
  } catch (error) {
    signal.throwIfAborted();
    const text = isOttoError(error) ? error.message : `no answer within ${timeoutMs} ms`;
    const hint =
      docker.command.length === 1
        ? "The socket is there and the engine is not behind it: look at its log (journalctl -u docker)."
        : `Run \`${docker.command.join(" ")} version\` there: it must name the engine, and ask nothing.`;
    return { judged: bad("failed", "DOCTOR_ENGINE_SILENT", { text, hint }) };
  }
}

/** Whether a stack can be deployed by it. */
async function examineSwarm({ parent, signal }: DockerProbe): Promise<Judged> {
  using deadline = startDeadline(timeoutMs, signal);
  try {
    return judgeSwarm(await parent.engine.swarm.membership(deadline.signal));
  } catch (error) {
    signal.throwIfAborted();
    return notReached(isOttoError(error) ? error.message : `no answer within ${timeoutMs} ms`);
  }
}

/** With the engine that the argv names, whatever the login's environment says of others. */
const ownEngine = Object.fromEntries(engineVariables.map((name) => [name, ""]));
/** With the login's engine: certificates that are missing keep the client from naming it. */
const loginEngine = { DOCKER_TLS: "", DOCKER_TLS_VERIFY: "", DOCKER_CERT_PATH: "" };

function askClient(probe: DockerProbe, words: readonly string[]): Promise<Answer> {
  return ask(probe, [...probe.parent.docker.command, ...words], ownEngine);
}

/** Where the engine keeps its data, by the client. */
function askRoot(probe: DockerProbe): Promise<Answer> {
  return askClient(probe, ["info", "--format", "{{.DockerRootDir}}"]);
}

async function examineClient(probe: DockerProbe, root: Answer | undefined): Promise<Judged> {
  if (root?.is === "unanswered") return notReached(root.text);
  const endpoint = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"];
  const { docker, parent } = probe;
  return judgeClient({
    ...parent.docker,
    answers: root?.is === "said",
    asked: textOf(await askClient(probe, endpoint)),
    // Who names an engine means another one than the login's.
    usual:
      docker.socket === undefined ? textOf(await ask(probe, [...docker.command, ...endpoint], loginEngine)) : undefined,
  });
}

async function examineCompose(probe: DockerProbe): Promise<Judged> {
  let unanswered: string | undefined;
  const compose = await findCompose(probe.parent.docker.command, async (argv) => {
    const answer = await ask(probe, argv, ownEngine);
    if (answer.is === "unanswered") unanswered = answer.text;
    return textOf(answer);
  });
  return compose === undefined && unanswered !== undefined ? notReached(unanswered) : judgeCompose(compose?.version);
}

async function examineDisk(probe: DockerProbe, root: Answer | undefined): Promise<Judged> {
  if (root?.is !== "said" || !root.text.startsWith("/")) {
    return notReached("the docker client does not say where the engine keeps its data");
  }
  // Only root may look into the engine's directory; the file system is told by what is above it.
  const script = 'for at in "$@"; do df -Pk "$at" 2>/dev/null && echo "$at" && exit; done; exit 1';
  const table = await ask(probe, ["sh", "-c", script, "sh", root.text, dirname(root.text)]);
  const lines = table.text.split("\n");
  const kilobytes = Number(lines[1]?.trim().split(/\s+/)[3] ?? Number.NaN);
  if (table.is !== "said" || Number.isNaN(kilobytes)) return notReached(`df does not tell of ${root.text}`);
  return judgeDisk(lines.at(-1) ?? root.text, kilobytes * 1024);
}

async function examineClock(probe: DockerProbe): Promise<Judged> {
  const asked = Date.now();
  const said = await ask(probe, ["date", "+%s"]);
  if (said.is !== "said" || !/^\d+$/.test(said.text)) return notReached(`date does not tell the time: ${said.text}`);
  return judgeClock(Number(said.text) * 1000 - (asked + Date.now()) / 2);
}

function textOf(answer: Answer): string | undefined {
  return answer.is === "said" ? answer.text : undefined;
}

async function ask(
  { parent, signal }: DockerProbe,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  try {
    const { exitCode, timedOut, stdout, stderr } = await parent.exec(argv, { env, signal, timeoutMs });
    if (timedOut) return { is: "unanswered", text: `${argv.join(" ")}: no answer within ${timeoutMs} ms` };
    if (exitCode === 0) return { is: "said", text: cleanText(stdout.toString()).trim() };
    return { is: "failed", text: cleanText(stderr.toString()).trim() };
  } catch (error) {
    signal.throwIfAborted();
    if (!isOttoError(error)) throw error;
    return { is: error.code === "HOST_COMMAND_NOT_STARTED" ? "failed" : "unanswered", text: error.message };
  }
}
