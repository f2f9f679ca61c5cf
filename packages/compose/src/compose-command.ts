import type { Stack } from "./stack.js";

/** `docker compose` on a parent, for one project. Global flags only. */
export function composeCommand(docker: readonly string[], project: string): string[] {
  return [...docker, "compose", "--ansi", "never", "--progress", "plain", "--project-name", project];
}

/** Brings the stack up from its staged files. */
export function upCommand(docker: readonly string[], { project, files, services }: Stack, remoteDir: string): string[] {
  const staged = (path: string) => `${remoteDir}/${path}`;
  return [
    ...composeCommand(docker, project),
    ...["--project-directory", staged(files.projectDirectory)],
    ...files.commandFiles.flatMap((path) => ["--file", staged(path)]),
    ...files.envFiles.flatMap((path) => ["--env-file", staged(path)]),
    ...files.profiles.flatMap((profile) => ["--profile", profile]),
    ...["up", "--detach", "--remove-orphans", "--quiet-pull"],
    ...services,
  ];
}

/** Takes a project down by its labels: no file is needed. */
export function downCommand(
  docker: readonly string[],
  project: string,
  options: { stopTimeout: number; volumes: boolean },
): string[] {
  const volumes = options.volumes ? ["--volumes"] : [];
  return [
    ...composeCommand(docker, project),
    "down",
    "--remove-orphans",
    "--timeout",
    String(options.stopTimeout),
    ...volumes,
  ];
}
