import { findHost } from "@otto/config";
import { isOttoError } from "@otto/errors";
import { type Lab, planRoute } from "@otto/host-registry";
import type { Parent } from "@otto/hosts";
import type { SshRoute } from "ssh2-streamer";
import { examineDocker } from "./docker.js";
import { bad, type Finding } from "./finding.js";
import { forwardsSocket, judgeHopForwarding, judgeSocketForwarding, probeSessions } from "./forwarding.js";
import type { Reached } from "./reached.js";
import { walkStep } from "./way.js";

/**
 * Looks at a host and at the way to it, machine by machine, and says what was found as it goes. The way ends at the
 * first machine that cannot be used. Nothing on the machines is changed; a host key seen for the first time is recorded.
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
    const route = planRoute(lab.data, host, lab.surroundings);
    // Before names are resolved and ports are tried, too.
    for (const endpoint of route) endpoint.authorize?.();
    const target = yield* walk(route, { socketPath, signal });
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

interface Walk {
  /** Undefined where no engine is looked for. */
  readonly socketPath: string | undefined;
  readonly signal: AbortSignal;
}

/** Goes the way; undefined when it ends before the host. `isForwarded`: whether the engine's socket is. */
async function* walk(
  route: SshRoute,
  { socketPath, signal }: Walk,
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
    return {
      isForwarded: socketPath === undefined ? undefined : await forwardsSocket(target.session, socketPath, signal),
    };
  } finally {
    for (const { session } of reached.toReversed()) await session.close();
  }
}
