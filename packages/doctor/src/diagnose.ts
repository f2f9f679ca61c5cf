import { findHost } from "@otto/config";
import { isOttoError } from "@otto/errors";
import { type Lab, planRoute } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";
import type { SshRoute } from "ssh2-streamer";
import { examineDocker } from "./docker.js";
import { bad, type Finding } from "./finding.js";
import {
  forwardsSocket,
  judgeHopForwarding,
  judgeSocketForwarding,
  type ProbedHost,
  probeSessions,
} from "./forwarding.js";
import { type HopProbe, probeHop } from "./hop-probe.js";

/**
 * Checks a host and the route to it, hop by hop, and reports each finding at once. It ends at the first hop that cannot
 * be used. Nothing on the machines is changed; a host key seen for the first time is recorded.
 *
 * @throws OttoError `LAB_UNKNOWN_HOST`, `LAB_NOT_TRUSTED`, `LAB_VARIABLE_REFUSED`, or what {@link planRoute} throws
 */
export async function* diagnose(lab: Lab, idOrHandle: string, signal: AbortSignal): AsyncGenerator<Finding> {
  const host = findHost(lab.data, idOrHandle);
  const parent = host.dockerCapable ? lab.parent(host.id) : undefined;
  const engine = parent === undefined ? undefined : findEngine(parent);
  const socketPath = engine?.socketPath;
  let isForwarded: boolean | undefined;
  if (!host.isLocal) {
    const route = planRoute(lab.data, host, lab.sshEnvironment);
    // Before names are resolved and ports are tried, too.
    for (const endpoint of route) endpoint.authorize?.();
    const target = yield* probeRoute(route, {
      socketPath,
      env: lab.sshEnvironment.env,
      onPrompt: lab.onPrompt,
      signal,
    });
    if (target === undefined) return;
    isForwarded = target.isForwarded;
  }
  if (engine?.finding !== undefined) yield engine.finding;
  if (parent === undefined || socketPath === undefined) return;
  let engineAnswers = false;
  for await (const finding of examineDocker({ parent, docker: host.docker, signal })) {
    engineAnswers ||= finding.check === "engine" && finding.status === "ok";
    yield finding;
  }
  const forwarding = isForwarded === undefined ? undefined : judgeSocketForwarding(isForwarded, engineAnswers);
  if (forwarding !== undefined) yield { machine: host.id, check: "forwarding", ...forwarding };
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
    for (const [index, endpoint] of route.entries()) {
      const before = probed.at(-1);
      const step = yield* probeHop(route.slice(0, index + 1) as unknown as SshRoute, before, { env, onPrompt, signal });
      if (step === undefined) return undefined;
      probed.push(step);
      if (before === undefined) continue;
      yield { machine: before.session.name, check: "forwarding", ...judgeHopForwarding(before, endpoint.name) };
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
