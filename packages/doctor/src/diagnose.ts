import { planPlacements } from "@otto/config";
import { isOttoError } from "@otto/errors";
import { type Lab, planRoute } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";
import type { SshRoute } from "ssh2-streamer";
import { listChecks } from "./checks.js";
import { type DockerProbe, examineDocker } from "./docker.js";
import { bad, type Finding, notReached } from "./finding.js";
import { forwardsSocket, judgeSocketForwarding, type ProbedHost, probeSessions } from "./forwarding.js";
import { type HopProbe, probeHop } from "./hop-probe.js";

/**
 * Checks a host and the route to it, hop by hop, and reports each finding at once. What cannot be looked at, most often
 * because something before it failed, is `not-reached`. Nothing on the machines is changed; a host key seen for the first
 * time is recorded.
 *
 * @throws OttoError `LAB_UNKNOWN_HOST`, `LAB_NOT_TRUSTED`, `LAB_VARIABLE_REFUSED`, or what {@link planRoute} throws
 */
export async function* diagnose(lab: Lab, idOrHandle: string, signal: AbortSignal): AsyncGenerator<Finding> {
  const host = lab.findHost(idOrHandle);
  const parent = host.dockerCapable ? lab.parent(host.id) : undefined;
  const environment = { ...lab.sshEnvironment, signal };
  const route = host.isLocal ? ([] as const) : await planRoute(lab.data, host, environment, lab.sshConfig);
  // Before names are resolved and ports are tried, too.
  for (const endpoint of route) endpoint.authorize?.();
  const isManager = deploysOnSwarm(lab, host.id);
  const left = listChecks({ host: host.id, route, isParent: parent !== undefined, isManager });
  let cause = "";
  try {
    const { docker } = host;
    const { env } = lab.sshEnvironment;
    const { onPrompt } = lab;
    for await (const finding of examine({ host: host.id, route, parent, docker, isManager, env, onPrompt, signal })) {
      const index = left.findIndex((one) => one.machine === finding.machine && one.check === finding.check);
      if (index >= 0) left.splice(index, 1);
      if (finding.status === "failed") cause = `${finding.check} of ${finding.machine} failed`;
      yield finding;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!isOttoError(error)) throw error;
    cause = error.message;
  }
  for (const check of left) yield { ...check, ...notReached(`not looked at: ${cause}`) };
}

/** Whether the settings of a repo have this host deploy a stack on a swarm. */
function deploysOnSwarm(lab: Lab, host: string): boolean {
  return lab.repos.some((repo) => {
    try {
      const part = planPlacements(repo, lab.data).find((placement) => placement.host.id === host);
      return part?.repo.docker.composes.some(({ engine }) => engine === "swarm") === true;
    } catch (error) {
      // Where the repo belongs nowhere, nothing is deployed.
      if (isOttoError(error)) return false;
      throw error;
    }
  });
}

interface Examination {
  readonly host: string;
  readonly route: SshRoute | readonly [];
  readonly parent: Parent | undefined;
  readonly docker: DockerProbe["docker"];
  readonly isManager: boolean;
  readonly env: HopProbe["env"];
  readonly onPrompt: HopProbe["onPrompt"];
  readonly signal: AbortSignal;
}

/** Looks at one thing after the other, until one fails that the rest needs. */
async function* examine(examination: Examination): AsyncGenerator<Finding> {
  const { host, route, parent, docker, isManager, env, onPrompt, signal } = examination;
  const engine = parent === undefined ? undefined : findEngine(parent);
  const socketPath = engine?.socketPath;
  let isForwarded: boolean | undefined;
  if (route.length > 0) {
    const target = yield* probeRoute(route as SshRoute, { socketPath, env, onPrompt, signal });
    if (target === undefined) return;
    isForwarded = target.isForwarded;
  }
  if (engine?.finding !== undefined) yield engine.finding;
  if (parent === undefined || socketPath === undefined) return;
  let engineAnswers = false;
  for await (const finding of examineDocker({ parent, docker, isManager, signal })) {
    engineAnswers ||= finding.check === "engine" && finding.status === "ok";
    yield finding;
  }
  if (isForwarded === undefined) return;
  yield { machine: host, check: "forwarding", ...judgeSocketForwarding(isForwarded, engineAnswers) };
}

/** Where a parent's engine listens, or why that cannot be told. */
function findEngine(parent: Parent): { readonly socketPath?: string; readonly finding?: Finding } {
  try {
    return { socketPath: parent.docker.socketPath };
  } catch (error) {
    if (!isOttoError(error)) throw error;
    const said = { text: error.message, hint: error.hint ?? "Set docker.socket." };
    return { finding: { machine: parent.id, check: "docker", ...bad("failed", error.code, said) } };
  }
}

interface RouteProbe {
  /** Undefined where no engine is looked for. */
  readonly socketPath: string | undefined;
  /** {@link HopProbe.env} */
  readonly env: HopProbe["env"];
  readonly onPrompt: HopProbe["onPrompt"];
  readonly signal: AbortSignal;
}

/** Checks the hops; undefined when one before the host cannot be used. `isForwarded`: whether the engine's socket is. */
async function* probeRoute(
  route: SshRoute,
  { socketPath, env, onPrompt, signal }: RouteProbe,
): AsyncGenerator<Finding, { readonly isForwarded: boolean | undefined } | undefined> {
  const probed: ProbedHost[] = [];
  try {
    for (const index of route.keys()) {
      const before = probed.at(-1);
      const step = yield* probeHop(route.slice(0, index + 1) as unknown as SshRoute, before, { env, onPrompt, signal });
      if (step === undefined) return undefined;
      probed.push(step);
    }
    const target = probed.at(-1) as ProbedHost;
    const sessions = await probeSessions(target, signal);
    yield { machine: target.session.name, check: "sessions", ...sessions };
    if (sessions.status === "failed") return undefined;
    return {
      isForwarded: socketPath === undefined ? undefined : await forwardsSocket(target.session, socketPath, signal),
    };
  } finally {
    for (const { session } of probed.toReversed()) await session.close();
  }
}
