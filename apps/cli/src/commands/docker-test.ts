import { composeTest, type TestRun } from "@otto/docker";
import { type PlaceOptions, toVariables } from "../arguments/option.js";
import { cacheDirectory } from "../cache-directory.js";
import { finishCommand, orNeverRan } from "../command-outcome.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import { createNoticeListener } from "../output/docker-event.js";
import { findServicePlaces } from "../service-choice.js";
import type { Session } from "../session.js";
import { onlyPlace } from "./docker-run.js";

export interface DockerTestFlags extends PlaceOptions {
  /** Default: as `composeTest` has it. */
  readonly service?: string | undefined;
  /** Empty: the service's own. */
  readonly command: readonly string[];
  /** `NAME=VALUE`, or `NAME`. */
  readonly env?: readonly string[];
  readonly profile?: readonly string[];
  /** Seconds. */
  readonly timeout: number;
  readonly build: boolean;
}

/** `otto docker test` */
export function dockerTest(session: Session, flags: DockerTestFlags): Promise<Outcome> {
  return orNeverRan(session, async () => {
    const { service, timeout, env, profile: profiles, build } = flags;
    const { invocation, reporter, signal } = session;
    const services = service === undefined ? [] : [service];
    const what = service === undefined ? "the service to test" : `the service ${service}`;
    const place = onlyPlace(what, await findServicePlaces(session, { ...flags, services }));
    const { repo, lab, parent, on } = place;
    const command = flags.command.length === 0 ? ["its own command"] : flags.command;
    let run: TestRun | undefined;
    const outcome = await finishCommand(
      session,
      { id: `a container of ${service ?? what} on ${parent.id}`, command, timeout },
      async (output) => {
        run = await composeTest(repo, lab, {
          ...{ service, on, profiles, build, signal, output, command: flags.command, timeoutMs: timeout * 1000 },
          cacheDir: cacheDirectory(invocation),
          onEvent: createNoticeListener(reporter),
          ...(env && { env: toVariables(env, invocation.env) }),
        });
        return run;
      },
    );
    if (run?.failure === undefined) return outcome;
    reporter.error(run.failure);
    // Of a test that passes beside what failed, nothing is known.
    return outcome.exitCode === exitCodes.done ? { ...outcome, exitCode: exitCodes.failed } : outcome;
  });
}
