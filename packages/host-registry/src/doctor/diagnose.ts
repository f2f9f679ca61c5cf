import { findHost } from "@otto/config";
import type { SshRoute } from "ssh2-streamer";
import type { Lab } from "../lab.js";
import { planRoute } from "../ssh-route.js";
import { examineDocker } from "./docker.js";
import type { Finding } from "./finding.js";
import { forwardsSocket, judgeHopForwarding, judgeSocketForwarding, probeSessions } from "./forwarding.js";
import type { Reached } from "./reached.js";
import { walkStep } from "./way.js";

const usualSocket = "/var/run/docker.sock";

/**
 * Looks at a host and at the way to it, machine by machine, and says what was found as it goes. The way ends at the
 * first machine that cannot be used. Nothing on the machines is changed; a host key seen for the first time is recorded.
 *
 * @throws OttoError `LAB_UNKNOWN_HOST`, or what {@link planRoute} throws
 */
export async function* diagnose(lab: Lab, idOrHandle: string, signal: AbortSignal): AsyncGenerator<Finding> {
  const host = findHost(lab.data, idOrHandle);
  const socketPath = host.docker.socket ?? localSocket(lab, host.isLocal) ?? usualSocket;
  let isForwarded: boolean | undefined;
  if (!host.isLocal) {
    const target = yield* walk(planRoute(lab.data, host, lab.surroundings), { socketPath, ...host, signal });
    if (target === undefined) return;
    isForwarded = target.isForwarded;
  }
  if (!host.dockerCapable) return;
  let engineAnswers = false;
  for await (const finding of examineDocker({ parent: lab.parent(host.id), docker: host.docker, socketPath, signal })) {
    engineAnswers ||= finding.check === "engine" && finding.status === "ok";
    yield finding;
  }
  const forwarding = isForwarded === undefined ? undefined : judgeSocketForwarding(isForwarded, engineAnswers);
  if (forwarding !== undefined) yield { machine: host.id, check: "forwarding", ...forwarding };
}

interface Walk {
  readonly socketPath: string;
  readonly dockerCapable: boolean;
  readonly signal: AbortSignal;
}

/** Goes the way; undefined when it ends before the host. `isForwarded`: whether the engine's socket is. */
async function* walk(
  route: SshRoute,
  { socketPath, dockerCapable, signal }: Walk,
): AsyncGenerator<Finding, { readonly isForwarded: boolean | undefined } | undefined> {
  const reached: Reached[] = [];
  try {
    for (const [index, endpoint] of route.entries()) {
      const before = reached.at(-1);
      const step = yield* walkStep(route.slice(0, index + 1) as unknown as SshRoute, before, signal);
      if (step === undefined) return undefined;
      reached.push(step);
      if (before === undefined) continue;
      yield { machine: before.session.name, check: "forwarding", ...judgeHopForwarding(before, endpoint.name) };
    }
    const target = reached.at(-1) as Reached;
    const sessions = await probeSessions(target, signal);
    yield { machine: target.session.name, check: "sessions", ...sessions };
    if (sessions.status === "failed") return undefined;
    return { isForwarded: dockerCapable ? await forwardsSocket(target.session, socketPath, signal) : undefined };
  } finally {
    for (const { session } of reached.toReversed()) await session.close();
  }
}

function localSocket(lab: Lab, isLocal: boolean): string | undefined {
  const dockerHost = lab.surroundings.env.DOCKER_HOST;
  return isLocal && dockerHost?.startsWith("unix://") ? dockerHost.slice("unix://".length) : undefined;
}
