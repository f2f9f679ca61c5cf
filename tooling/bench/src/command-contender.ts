import { type CommandOutput, measureCommand } from "./measure-command.js";
import type { Contender, Round } from "./row.js";
import type { SshClient } from "./ssh-client.js";

export interface CommandContender {
  readonly name: string;
  argv(round: Round): readonly string[];
  env(round: Round): NodeJS.ProcessEnv;
  cwd?(round: Round): string;
  readonly digest?: boolean;
  check(output: CommandOutput, round: Round): unknown;
}

/** A contender that is a program of this machine. */
export function commandContender(settings: CommandContender): Contender<CommandOutput> {
  const { name, digest } = settings;
  return {
    name,
    run: (round) =>
      measureCommand(settings.argv(round), {
        env: settings.env(round),
        ...(settings.cwd !== undefined && { cwd: settings.cwd(round) }),
        ...(digest !== undefined && { digest }),
      }),
    check: (output, round) => settings.check(output, round),
  };
}

interface OverSsh extends Pick<CommandContender, "digest" | "check"> {
  readonly words: (round: Round) => readonly string[];
}

/** The docker client of this machine, whose engine is that of the parent. */
export function dockerOverSsh(client: SshClient, { words, ...rest }: OverSsh): Contender<CommandOutput> {
  return commandContender({
    name: `docker over ssh${client.label}`,
    argv: (round) => ["docker", ...words(round)],
    env: ({ route }) => client.dockerEnv(route),
    ...rest,
  });
}

/** A command of the parent's own, by `ssh`. */
export function commandOverSsh(name: string, client: SshClient, { words, ...rest }: OverSsh): Contender<CommandOutput> {
  return commandContender({
    name: `${name}${client.label}`,
    argv: (round) => ["ssh", round.route.name, ...words(round)],
    env: () => client.env,
    ...rest,
  });
}
