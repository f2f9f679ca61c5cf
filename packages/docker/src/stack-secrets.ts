import type { PlacedStack } from "@otto/compose";
import type { StackSecret } from "@otto/config";
import { OttoError } from "@otto/errors";
import type { Lab } from "@otto/host-registry";
import type { StackPart } from "./stack-parts.js";
import type { ComposeUpOptions } from "./up-options.js";

/**
 * Reads the stacks again with the secrets that commands of the settings print, one command after the other, each once for a lab.
 * Variables of the user's own environment go before: their commands do not run.
 * @throws OttoError `COMPOSE_SECRET_UNKNOWN` before any command runs, `COMPOSE_SECRET_MISSING` for the first that fails
 */
export async function fillSecrets<Options extends ComposeUpOptions>(
  parts: readonly StackPart<Options>[],
  lab: Lab,
  signal: AbortSignal | undefined,
): Promise<StackPart<Options>[]> {
  const wanted = parts.map((part) => ({ part, secrets: wantedSecrets(part.stack, lab) }));
  const filled: StackPart<Options>[] = [];
  for (const { part, secrets } of wanted) {
    const variables: Record<string, string> = {};
    for (const { secret, variable } of secrets)
      variables[variable] = await readSecret(part.stack, secret, { lab, signal });
    const { read } = part;
    filled.push(
      secrets.length === 0
        ? part
        : {
            ...part,
            stack: await read({ variables }),
            read: (given) => read({ ...given, variables }),
          },
    );
  }
  return filled;
}

/** Bytes: the limit of Docker's own secrets. */
const largestSecret = 500_000;

interface WantedSecret {
  readonly secret: StackSecret;
  readonly variable: string;
}

function wantedSecrets({ repo, files }: PlacedStack, lab: Lab): readonly WantedSecret[] {
  const { env } = lab.sshEnvironment;
  const declared = repo.docker.composes.flatMap(({ secrets = [] }) => secrets);
  return declared.flatMap((secret) => {
    const variable = files.secretVariables.get(secret.id);
    if (variable === undefined) throw unknownSecret(repo.settingsFile, secret, [...files.secretVariables.keys()]);
    return env[variable] === undefined ? [{ secret, variable }] : [];
  });
}

async function readSecret(
  { repo, project }: PlacedStack,
  { id, command }: StackSecret,
  { lab, signal }: { readonly lab: Lab; readonly signal: AbortSignal | undefined },
): Promise<string> {
  const failure = (why: string, line: string) =>
    new OttoError("COMPOSE_SECRET_MISSING", `bringing ${project} up: the secret ${id}: ${line}: ${why}`, {
      hint: "Run the command yourself: it has to print the secret on stdout, and nothing else there.",
      details: { project, secret: id },
    });
  const { env } = lab.sshEnvironment;
  const reading = { argv: command, directory: repo.root, env, maxBytes: largestSecret, failure };
  return (await lab.commands.read(reading, signal)).reveal();
}

function unknownSecret(file: string, { id }: StackSecret, known: readonly string[]): OttoError {
  return new OttoError(
    "COMPOSE_SECRET_UNKNOWN",
    `reading docker.composes[].secrets in ${file}: no Compose file declares a secret ${id} with environment`,
    {
      hint: `Declare it there: secrets: {${id}: {environment: NAME_OF_A_VARIABLE}}. There is: ${known.join(", ") || "none"}.`,
      details: { file, secret: id, known: [...known] },
    },
  );
}
