import { relative } from "node:path";
import type { DockerImage, Repo } from "@otto/config";
import type { BuildProgress, RegistryCredentials } from "@otto/engine";
import { isRedactable, OttoError, type Secret } from "@otto/errors";
import { credentialServer, printablePath } from "@otto/hashing";
import type { Parent } from "@otto/hosts";
import {
  packContext,
  packedDockerfileName,
  serveContext,
  servedDockerfileName,
  servedNamedContexts,
} from "@otto/staging";
import { findImageLine } from "./base-images.js";
import type { BuildEvent } from "./build-event.js";
import type { BuildImagesOptions } from "./build-options.js";
import { findWholeCause, hashLabel, type WantedImage, wholeLabel } from "./build-plan.js";
import { readSecrets } from "./build-secrets.js";
import { pullBases } from "./image-transfer.js";
import { type Proxies, readProxies } from "./proxies.js";
import { findRegistries } from "./registry/build-registries.js";
import { findUserCredentials } from "./registry/user-credentials.js";
import { parseShmSize } from "./shm-size.js";
import { findSshAgents } from "./ssh-agents.js";
import { type CountedSteps, findStepLine } from "./step-line.js";

interface Build {
  readonly repo: Repo;
  readonly parent: Parent;
  readonly options: BuildImagesOptions;
  readonly noCache: boolean;
}

const labelSchema = "1";

/** Builds an image. It gets its hash tag when, and only when, the build succeeds. */
export async function buildWanted(wanted: WantedImage, build: Build): Promise<void> {
  const { engine } = build.parent;
  warnOfUnsendable(wanted, build.options);
  if (build.options.pull && wanted.bases.length > 0) await pullBases(wanted, build);
  if (await engine.hasBuildKit(build.options.signal)) await buildBySession(wanted, build);
  else await buildByTar(wanted, build);
}

/** The engine asks for what it lacks of the context, and for secrets. */
async function buildBySession(wanted: WantedImage, build: Build): Promise<void> {
  const { repo, parent, options } = build;
  const { image, context } = wanted;
  await refuseNamedContexts(image, build);
  const { env = {} } = options;
  const secrets = await readSecrets(image, repo, options);
  warnOfShort(secrets, image, options);
  const proxies = await readProxies(env);
  const services = {
    // Neither user nor directory: what one checkout has sent, another need not send again.
    sharedKey: `otto/${repo.name}/${image.name}`,
    files: serveContext(context, { mtime: image.mtime }),
    readSecret: async (id: string) => secrets.get(id)?.revealBytes(),
    redact: [...secrets.values(), ...proxies.secrets],
    findCredentials: credentialsOf(wanted, options),
    sshAgents: await findSshAgents(image, env),
  };
  const dockerfile = servedDockerfileName(context);
  const namedContexts = servedNamedContexts(context);
  const common = engineOptions(wanted, build, { counted: "layers", proxies });
  await parent.engine.buildWithSession({ ...common, dockerfile, namedContexts, services }, options.signal);
}

/** The build fails if it reads one of them. */
function warnOfUnsendable({ image, context }: WantedImage, { onEvent }: BuildImagesOptions): void {
  const trees = [context, ...context.namedContexts.filter((named) => named.kind === "local")];
  const left = trees.flatMap(({ unsendable }) => unsendable);
  if (left.length === 0) return;
  const what = left.slice(0, 5).map(({ kind, path, error }) => {
    const shown = JSON.stringify(printablePath(path));
    return error.code === "CONTEXT_UNREADABLE" ? `${shown} (unreadable)` : `${shown} (${kind})`;
  });
  const more = left.length > 5 ? ` and ${left.length - 5} more` : "";
  const message = `left out of the build context, as they cannot be sent: ${what.join(", ")}${more}`;
  onEvent?.({ type: "build.warning", image: image.name, code: "BUILD_ENTRIES_LEFT_OUT", message });
}

/** Every 1 of the output would be blackened. */
function warnOfShort(secrets: ReadonlyMap<string, Secret>, { name }: DockerImage, { onEvent }: BuildImagesOptions) {
  const short = [...secrets].filter(([, secret]) => secret.revealBytes().length > 0 && !isRedactable(secret));
  if (short.length === 0) return;
  const ids = short.map(([id]) => id).join(", ");
  const message = `a build secret of fewer than 4 characters is not redacted in the output: ${ids}`;
  onEvent?.({ type: "build.warning", image: name, code: "BUILD_SECRET_SHORT", message });
}

/** Such a builder is given the whole context. Sockets are left out, as Docker's client does it. */
function refuseUnsendable({ unsendable }: WantedImage["context"]): void {
  const refused = unsendable.find(({ kind }) => kind !== "socket");
  if (refused !== undefined) throw refused.error;
}

/** For engines without BuildKit: the whole context as a stream. */
async function buildByTar(wanted: WantedImage, build: Build): Promise<void> {
  const { parent, options } = build;
  refuseUnsupported(wanted.image);
  refuseUnsendable(wanted.context);
  const dockerfile = await packedDockerfileName(wanted.context);
  const tar = packContext(wanted.context, { signal: options.signal });
  try {
    const credentials = await findAllCredentials(wanted, options);
    const proxies = await readProxies(options.env ?? {});
    const common = engineOptions(wanted, build, { counted: "instructions", proxies });
    await parent.engine.buildImage(
      tar,
      { ...common, dockerfile, credentials, redact: proxies.secrets },
      options.signal,
    );
  } finally {
    tar.destroy();
  }
}

/** Gives the user's logins for the registries that the build names, and for no other that an engine may ask for. */
function credentialsOf({ image, context }: WantedImage, { env = {}, signal }: BuildImagesOptions) {
  const servers = new Set([...findRegistries(image, context.dockerfile.content.toString())].map(credentialServer));
  return async (host: string) =>
    servers.has(credentialServer(host)) ? findUserCredentials({ host, env, signal }) : undefined;
}

/** For a builder that cannot ask. */
async function findAllCredentials({ image, context }: WantedImage, { env = {}, signal }: BuildImagesOptions) {
  const found: Record<string, RegistryCredentials> = {};
  for (const host of findRegistries(image, context.dockerfile.content.toString())) {
    const credentials = await findUserCredentials({ host, env, signal });
    if (credentials !== undefined) found[host] = credentials;
  }
  return found;
}

function engineOptions(
  wanted: WantedImage,
  { repo, options, noCache }: Build,
  { counted, proxies }: { counted: CountedSteps; proxies: Proxies },
) {
  const { image } = wanted;
  const dockerfileText = wanted.context.dockerfile.content.toString();
  return {
    tag: wanted.tag,
    buildArgs: { ...proxies.args, ...image.buildArgs },
    labels: { ...image.labels, ...ownerLabels(repo, wanted) },
    target: image.target,
    platform: image.platform,
    // Declared bases are in no registry. The other bases were pulled before, so the builder uses the local images.
    pull: (options.pull ?? false) && wanted.bases.length === 0,
    noCache,
    cacheFrom: image.cacheFrom,
    networkMode: image.network,
    extraHosts: image.addHosts,
    shmSizeBytes: image.shmSize === undefined ? undefined : parseShmSize(image.shmSize),
    dockerfileText,
    dockerfileName: relative(repo.root, image.dockerfile),
    locateStep: (step: string) => locateStep(step, { dockerfileText, image, counted }),
    onProgress: (progress: BuildProgress) => options.onEvent?.(toEvent(image.name, progress)),
  };
}

interface StepSource {
  readonly dockerfileText: string;
  readonly image: DockerImage;
  readonly counted: CountedSteps;
}

/** BuildKit resolves the images that the Dockerfile names in steps of their own, before it runs any instruction. */
function locateStep(step: string, { dockerfileText, image, counted }: StepSource): number | undefined {
  const asked = /^(?:\[internal\] load metadata for|resolve image config for) (?:docker-image:\/\/)?(\S+)$/.exec(step);
  if (asked === null) return findStepLine(dockerfileText, step, counted);
  return findImageLine(dockerfileText, image, asked[1] ?? "");
}

function toEvent(image: string, progress: BuildProgress): BuildEvent {
  switch (progress.type) {
    case "step":
      return { ...progress, type: "build.step", image };
    case "output":
      return { type: "build.output", image, text: progress.text };
    case "sent":
      return { type: "build.sent", image, bytes: progress.bytes, totalBytes: progress.totalBytes };
  }
}

/** No user among them: two users' builds of the same inputs are the same image. */
function ownerLabels(repo: Repo, wanted: WantedImage): Record<string, string> {
  const { image, context, narrowTag } = wanted;
  const whole = narrowTag === undefined ? {} : { [wholeLabel]: findWholeCause(wanted) ?? "" };
  const owner = { "otto.schema": labelSchema, "otto.repo": repo.name, "otto.image": image.name };
  return { ...owner, [hashLabel]: context.hash, ...whole };
}

// The first whose own frontend knows named contexts; one before it takes their names for images.
const namedContextsSince = 23;

async function refuseNamedContexts(image: DockerImage, { parent, options }: Build): Promise<void> {
  if (Object.keys(image.additionalContexts).length === 0) return;
  const { version } = await parent.engine.version(options.signal);
  if (Number.parseInt(version, 10) < namedContextsSince) throw unsupported(image, ["additional_contexts"]);
}

/** The engine's own builder takes one tar and nothing beside it. */
function refuseUnsupported(image: DockerImage): void {
  const wanted = [
    image.secrets.length > 0 && "secrets",
    image.ssh.length > 0 && "ssh",
    Object.keys(image.additionalContexts).length > 0 && "additional_contexts",
  ].filter((key) => key !== false);
  if (wanted.length > 0) throw unsupported(image, wanted);
}

function unsupported(image: DockerImage, features: readonly string[]): OttoError {
  const names = features.join(", ");
  return new OttoError(
    "BUILD_FEATURE_UNSUPPORTED",
    `building ${image.name}: this engine does not take ${names} from otto`,
    {
      hint: `Remove ${names} from the image's settings, or use Docker ${namedContextsSince}.0 or newer.`,
      details: { image: image.name, features },
    },
  );
}
