import { readFile } from "node:fs/promises";
import type { BuildSecret, DockerImage } from "@otto/config";
import { OttoError, Secret } from "@otto/errors";

/** Variables of the caller, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The values of an image's build secrets, by id.
 * @throws OttoError `BUILD_SECRET_MISSING` before anything is built
 */
export async function readSecrets(image: DockerImage, env: Environment): Promise<Map<string, Secret>> {
  const pairs = image.secrets.map(async (secret) => [secret.id, await readSecret(image, secret, env)] as const);
  return new Map(await Promise.all(pairs));
}

/** Without `env` and `file`, the variable of the secret's own name, as `docker build` takes it. */
async function readSecret(image: DockerImage, secret: BuildSecret, env: Environment): Promise<Secret> {
  if (secret.file !== undefined) {
    const { file } = secret;
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

function missing(image: DockerImage, { id }: BuildSecret, reason: string, cause?: unknown): OttoError {
  return new OttoError("BUILD_SECRET_MISSING", `building ${image.name}: the secret ${id}: ${reason}`, {
    hint: "Set it where otto runs, or correct `secrets` in the image's settings.",
    details: { image: image.name, secret: id },
    cause,
  });
}
