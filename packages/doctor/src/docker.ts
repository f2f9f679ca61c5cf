import { dirname } from "node:path/posix";
import type { HostData } from "@otto/config";
import { cleanText, isOttoError, startDeadline } from "@otto/errors";
import { engineVariables, findCompose, findMissingPrograms, type Parent } from "@otto/hosts";
import { bad, type DoctorCheck, type Finding, type Judged } from "./finding.js";
import {
  judgeBuildKit,
  judgeClient,
  judgeClock,
  judgeCompose,
  judgeDisk,
  judgeDocker,
  judgeEngine,
  judgePrograms,
  judgeSocket,
} from "./verdicts.js";

/** What a parent is asked with. */
export interface DockerProbe {
  readonly parent: Parent;
  /** As the lab declares it. */
  readonly docker: HostData["docker"];
  readonly signal: AbortSignal;
}

const timeoutMs = 15_000;

/** Looks at what a parent needs beside the way to it: programs, docker, the engine, Compose, room, the time. */
export async function* examineDocker(probe: DockerProbe): AsyncGenerator<Finding> {
  const at = (check: DoctorCheck, judged: Judged): Finding => ({ machine: probe.parent.id, check, ...judged });
  yield at("programs", judgePrograms(await findMissing(probe)));
  const { command, socketPath } = probe.parent.docker;
  const docker = judgeDocker(command, await findProgram(probe));
  yield at("docker", docker);
  const socket = judgeSocket(socketPath, await lookAtSocket(probe));
  // A docker.command such as sudo may use a socket that the login may not.
  if (probe.docker.command.length === 1 || socket.status === "ok") yield at("socket", socket);
  const engine = await askEngine(probe);
  if (socket.status === "ok" || engine.judged.status === "ok") yield at("engine", engine.judged);
  if (engine.hasBuildKit !== undefined) yield at("buildkit", judgeBuildKit(engine.hasBuildKit));
  const root = await askClient(probe, ["info", "--format", "{{.DockerRootDir}}"]);
  if (docker.status === "ok") {
    if (engine.judged.status === "ok") yield at("client", await examineClient(probe, root !== undefined));
    const compose = await findCompose(command, (argv) => run(probe, argv, ownEngine));
    yield at("compose", judgeCompose(compose?.version));
  }
  const disk = await readFreeSpace(probe, root);
  yield at("disk", judgeDisk(disk.directory, disk.freeBytes));
  const skewMs = await readClock(probe);
  if (skewMs !== undefined) yield at("clock", judgeClock(skewMs));
}

async function findProgram(probe: DockerProbe): Promise<string | undefined> {
  const [program = "docker"] = probe.parent.docker.command;
  return run(probe, ["sh", "-c", 'command -v -- "$1"', "sh", program]);
}

async function findMissing(probe: DockerProbe): Promise<readonly string[]> {
  const said = await run(probe, ["sh", "-c", `${findMissingPrograms}\necho "$missing"`]);
  return said === undefined ? ["sh"] : said.split(" ").filter((program) => program !== "");
}

async function lookAtSocket(probe: DockerProbe): Promise<"missing" | "no-socket" | "denied" | "ok"> {
  const script = `if [ -S "$1" ]; then [ -w "$1" ] && echo ok || echo denied
elif [ -e "$1" ]; then echo no-socket; else echo missing; fi`;
  const said = await run(probe, ["sh", "-c", script, "sh", probe.parent.docker.socketPath]);
  return said === "ok" || said === "denied" || said === "no-socket" ? said : "missing";
}

async function askEngine({ parent, signal }: DockerProbe): Promise<{ judged: Judged; hasBuildKit?: boolean }> {
  using deadline = startDeadline(timeoutMs, signal);
  try {
    const version = await parent.engine.version(deadline.signal);
    return { judged: judgeEngine(version), hasBuildKit: version.hasBuildKit };
  } catch (error) {
    signal.throwIfAborted();
    const text = isOttoError(error) ? error.message : `no answer within ${timeoutMs} ms`;
    const hint = "The socket is there and the engine is not behind it: look at its log (journalctl -u docker).";
    return { judged: bad("failed", "DOCTOR_ENGINE_SILENT", { text, hint }) };
  }
}

/** With the engine that the argv names, whatever the login's environment says of others. */
const ownEngine = Object.fromEntries(engineVariables.map((name) => [name, ""]));
/** With the login's engine: certificates that are missing keep the client from naming it. */
const loginEngine = { DOCKER_TLS: "", DOCKER_TLS_VERIFY: "", DOCKER_CERT_PATH: "" };

function askClient(probe: DockerProbe, words: readonly string[]): Promise<string | undefined> {
  return run(probe, [...probe.parent.docker.command, ...words], ownEngine);
}

async function examineClient(probe: DockerProbe, answers: boolean): Promise<Judged> {
  const endpoint = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"];
  const { docker, parent } = probe;
  return judgeClient({
    ...parent.docker,
    answers,
    asked: await askClient(probe, endpoint),
    // Who names an engine means another one than the login's.
    usual: docker.socket === undefined ? await run(probe, [...docker.command, ...endpoint], loginEngine) : undefined,
  });
}

async function readFreeSpace(
  probe: DockerProbe,
  root: string | undefined,
): Promise<{ directory: string; freeBytes: number | undefined }> {
  const known = root?.startsWith("/") ? root : undefined;
  // Only root may look into the engine's directory; the file system is told by what is above it.
  const script = 'for at in "$@"; do df -Pk "$at" 2>/dev/null && exit; done; exit 1';
  const places = known === undefined ? ["."] : [known, dirname(known), "."];
  const table = await run(probe, ["sh", "-c", script, "sh", ...places]);
  const kilobytes = Number(table?.split("\n")[1]?.trim().split(/\s+/)[3] ?? "");
  const freeBytes = table === undefined || Number.isNaN(kilobytes) ? undefined : kilobytes * 1024;
  return { directory: known ?? "the login's home", freeBytes };
}

async function readClock(probe: DockerProbe): Promise<number | undefined> {
  const asked = Date.now();
  const said = await run(probe, ["date", "+%s"]);
  const theirs = Number(said ?? "") * 1000;
  return said === undefined || Number.isNaN(theirs) ? undefined : theirs - (asked + Date.now()) / 2;
}

/** What a command says, or undefined when it fails. */
async function run(
  { parent, signal }: DockerProbe,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await parent.exec(argv, { env, signal, timeoutMs });
    return exitCode === 0 ? cleanText(stdout.toString()).trim() : undefined;
  } catch (error) {
    if (!isOttoError(error, "HOST_COMMAND_NOT_STARTED")) throw error;
    return undefined;
  }
}
