import { type CommandOutput, measureCommand } from "./measure-command.js";
import type { Contender, Turn } from "./row.js";
import type { SshClient } from "./ssh-client.js";

export interface CommandContender extends Pick<Contender, "prepare"> {
  readonly name: string;
  argv(turn: Turn): readonly string[];
  env(turn: Turn): NodeJS.ProcessEnv;
  cwd?(turn: Turn): string;
  stdinPath?(turn: Turn): string;
  readonly digest?: boolean;
  check(output: CommandOutput, turn: Turn): unknown;
}

/** A contender that is a program of this machine. */
export function commandContender(settings: CommandContender): Contender<CommandOutput> {
  const { name, prepare, digest } = settings;
  return {
    name,
    ...(prepare !== undefined && { prepare }),
    run: (turn) =>
      measureCommand(settings.argv(turn), {
        env: settings.env(turn),
        ...(settings.cwd !== undefined && { cwd: settings.cwd(turn) }),
        ...(settings.stdinPath !== undefined && { stdinPath: settings.stdinPath(turn) }),
        ...(digest !== undefined && { digest }),
      }),
    check: (output, turn) => settings.check(output, turn),
  };
}

interface OverSsh extends Pick<CommandContender, "prepare" | "digest" | "cwd" | "stdinPath" | "check"> {
  readonly words: (turn: Turn) => readonly string[];
}

/** The docker client of this machine, whose engine is that of the parent. */
export function dockerOverSsh(client: SshClient, { words, ...rest }: OverSsh): Contender<CommandOutput> {
  return commandContender({
    name: `docker over ssh${client.label}`,
    argv: (turn) => ["docker", ...words(turn)],
    env: ({ route }) => client.dockerEnv(route),
    ...rest,
  });
}

/** A command of the parent's own, by `ssh`. */
export function commandOverSsh(name: string, client: SshClient, { words, ...rest }: OverSsh): Contender<CommandOutput> {
  return commandContender({
    name: `${name}${client.label}`,
    argv: (turn) => ["ssh", turn.route.name, ...words(turn)],
    env: () => client.env,
    ...rest,
  });
}
