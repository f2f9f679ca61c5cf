import { readFile } from "node:fs/promises";
import { type BuildSecret, type DockerImage, LocalCommands, type Repo } from "@otto/config";
import { OttoError, Secret } from "@otto/errors";

/** Variables of the caller, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Bytes: the limit of Docker's own secrets. */
const largestSecret = 500_000;

/** Where the values of secrets are looked up. */
export interface SecretSources {
  readonly env?: Environment | undefined;
  /** Runs the commands that print secrets, each once. */
  readonly commands?: LocalCommands | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The values of an image's build secrets, by id.
 * @throws OttoError `BUILD_SECRET_MISSING` before anything is built
 */
export async function readSecrets(
  image: DockerImage,
  repo: Pick<Repo, "root">,
  sources: SecretSources,
): Promise<Map<string, Secret>> {
  const pairs = image.secrets.map(
    async (secret) => [secret.id, await readSecret({ image, repo, secret }, sources)] as const,
  );
  return new Map(await Promise.all(pairs));
}

/**
 * Runs the commands that print secrets of images, one after the other: a vault asks its user once.
 * @throws OttoError `BUILD_SECRET_MISSING` for the first that fails
 */
export async function runSecretCommands(
  images: readonly DockerImage[],
  repo: Pick<Repo, "root">,
  sources: SecretSources,
): Promise<void> {
  for (const image of images) {
    for (const secret of image.secrets)
      if (secret.command !== undefined) await readSecret({ image, repo, secret }, sources);
  }
}

interface SecretUse {
  readonly image: DockerImage;
  readonly repo: Pick<Repo, "root">;
  readonly secret: BuildSecret;
}

/** Without an origin, the variable of the secret's own name, as `docker build` takes it. */
async function readSecret(
  { image, repo, secret }: SecretUse,
  { env = {}, commands = new LocalCommands(), signal }: SecretSources,
): Promise<Secret> {
  const { file, command } = secret;
  if (command !== undefined) {
    const failure = (why: string, line: string) => missing(image, secret, `${line}: ${why}`);
    return commands.read({ argv: command, directory: repo.root, env, maxBytes: largestSecret, failure }, signal);
  }
  if (file !== undefined) {
    return new Secret(
      await readFile(file).catch((cause: unknown) =>
        Promise.reject(missing(image, secret, `cannot read ${file}`, cause)),
      ),
    );
  }
  const variable = secret.env ?? secret.id;
  const value = env[variable];
  if (value === undefined) throw missing(image, secret, `the variable ${variable} is not set`);
  return new Secret(value);
}

function missing(image: DockerImage, { id, command }: BuildSecret, reason: string, cause?: unknown): OttoError {
  const hint =
    command === undefined
      ? "Set it where otto runs, or correct `secrets` in the image's settings."
      : "Run the command yourself: it has to print the secret on stdout, and nothing else there.";
  return new OttoError("BUILD_SECRET_MISSING", `building ${image.name}: the secret ${id}: ${reason}`, {
    hint,
    details: { image: image.name, secret: id },
    cause,
  });
}
