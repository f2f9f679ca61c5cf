import { cleanText, OttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";

export interface ComposeRun {
  /** Variables for interpolation; they go by stdin, never by argv. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Remote directory to run in: a nested `include` resolves its `env_file` against it. Default: the login's home. */
  readonly cwd?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ComposeOutcome {
  readonly exitCode: number;
  /** stdout and stderr. */
  readonly output: string;
}

/**
 * Runs the command given as arguments with the variables that stdin assigns and of the login's own only what the docker
 * client needs: what the parent's environment happens to hold must not reach interpolation.
 */
const cleanRun = `for name in $(env | sed -n 's/^\\([A-Za-z_][A-Za-z0-9_]*\\)=.*/\\1/p'); do
case $name in PATH|HOME|SSH_AUTH_SOCK|DOCKER_*|BUILDX_*|BUILDKIT_*|LD_*) ;; *) command unset "$name" ;; esac
done
eval "$(cat)"
exec "$@" </dev/null 2>&1`;

/**
 * Runs one `docker compose` process on the parent to its end.
 * @throws OttoError `COMPOSE_MISSING` when the parent has no usable `docker compose`
 */
export async function runCompose(
  parent: Parent,
  argv: readonly string[],
  run: ComposeRun = {},
): Promise<ComposeOutcome> {
  const result = await parent.exec(["sh", "-c", cleanRun, "sh", ...argv], {
    stdin: formatAssignments(run.environment ?? {}),
    cwd: run.cwd,
    timeoutMs: Number.POSITIVE_INFINITY,
    signal: run.signal,
  });
  const output = cleanText(result.stdout.toString());
  if (result.exitCode !== 0) await assertCompose(parent, run.signal);
  return { exitCode: result.exitCode, output };
}

/** Asked only after a failure, so that a working parent pays nothing for it. */
async function assertCompose(parent: Parent, signal: AbortSignal | undefined): Promise<void> {
  const { exitCode, stdout } = await parent.exec([...parent.docker.command, "compose", "version", "--short"], {
    signal,
  });
  const version = stdout.toString().trim().replace(/^v/, "");
  if (exitCode === 0 && /^[2-9]\./.test(version)) return;
  throw new OttoError(
    "COMPOSE_MISSING",
    `running docker compose on ${parent.id}: \`${parent.docker.command.join(" ")} compose\` does not work there`,
    {
      hint: `Install Docker Compose 2 on ${parent.id} (Debian 13: apt-get install docker-compose), or set docker.command of the host.`,
      details: { host: parent.id },
    },
  );
}

function formatAssignments(environment: Readonly<Record<string, string>>): string {
  const assignments = Object.entries(environment).map(
    ([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`,
  );
  return `${assignments.join("\n")}\n`;
}
