type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The directory that the caller stood in. `pnpm otto` changes to the package of its script and keeps the caller's in
 * `INIT_CWD`; scripts of other names choose their directory themselves.
 */
export function startDirectory(cwd: string, env: Environment): string {
  return env.npm_lifecycle_event === "otto" && env.INIT_CWD ? env.INIT_CWD : cwd;
}
