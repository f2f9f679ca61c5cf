import { composeRun } from "@otto/docker";
import { OttoError } from "@otto/errors";
import { type PlaceOptions, toVariables } from "../arguments/option.js";
import { cacheDirectory } from "../cache-directory.js";
import { finishCommand, orNeverRan } from "../command-outcome.js";
import type { Outcome } from "../outcome.js";
import { createNoticeListener } from "../output/docker-event.js";
import { findServicePlaces, type ServicePlace } from "../service-choice.js";
import type { Session } from "../session.js";
import { createRawMode } from "../terminal/terminal-mode.js";
import { hasTerminal } from "./docker-exec.js";

export interface DockerRunFlags extends PlaceOptions {
  readonly service: string;
  /** Empty: the service's own. */
  readonly command: readonly string[];
  /** `NAME=VALUE`, or `NAME`. */
  readonly env?: readonly string[];
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly user?: string;
  readonly workdir?: string;
  readonly volume?: readonly string[];
  readonly entrypoint?: string;
  readonly servicePorts?: boolean;
  readonly deps: boolean;
  readonly build: boolean;
}

/** `otto docker run` */
export function dockerRun(session: Session, flags: DockerRunFlags): Promise<Outcome> {
  return orNeverRan(session, async () => {
    const isTty = hasTerminal(session, flags);
    const { repo, lab, parent, on } = onlyPlace(
      `the service ${flags.service}`,
      await findServicePlaces(session, { ...flags, services: [flags.service] }),
    );
    const id = `a container of ${flags.service} on ${parent.id}`;
    const command = flags.command.length === 0 ? ["its own command"] : flags.command;
    return finishCommand(session, { id, command, timeout: Number.POSITIVE_INFINITY }, (output) =>
      composeRun(repo, lab, flags.service, { ...optionsOf(session, flags, isTty), on, output }),
    );
  });
}

/** @throws `CLI_USAGE` where a service is in several places */
export function onlyPlace(what: string, places: readonly ServicePlace[]): ServicePlace {
  const [place, ...others] = places;
  if (place === undefined) throw new TypeError("a service is of a repository");
  if (others.length === 0) return place;
  const parents = places.map(({ parent }) => parent.id);
  throw new OttoError("CLI_USAGE", `${what} is on ${parents.join(" and on ")}`, {
    hint: `Choose one with --on ${place.parent.id}.`,
  });
}

function optionsOf(session: Session, flags: DockerRunFlags, isTty: boolean) {
  const { invocation, signal, reporter } = session;
  const { stdin, stdout } = invocation;
  const { command, env, user, workdir, volume: volumes, entrypoint, servicePorts, deps, build } = flags;
  const isFed = flags.interactive === true || stdin.isTTY !== true;
  const terminal = { input: stdin, output: stdout, setRawMode: createRawMode(stdin) };
  return {
    ...{ command, user, workdir, volumes, entrypoint, servicePorts, build, signal },
    noDeps: !deps,
    cacheDir: cacheDirectory(invocation),
    onEvent: createNoticeListener(reporter),
    ...(env && { env: toVariables(env, invocation.env) }),
    ...(isTty && { terminal }),
    ...(!isTty && isFed && { stdin }),
  };
}
