import type { DockerImage, Repo } from "@otto/config";
import { OttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { packContext, packedDockerfileName } from "@otto/staging";
import type { BuildImagesOptions } from "./build-images.js";
import { hashLabel, type WantedImage } from "./build-plan.js";
import { parseShmSize } from "./shm-size.js";

interface Build {
  readonly repo: Repo;
  readonly parent: Parent;
  readonly options: BuildImagesOptions;
}

const labelSchema = "1";

/** Streams the context into the engine's builder. The image gets its hash tag when, and only when, the build succeeds. */
export async function buildWanted(wanted: WantedImage, { repo, parent, options }: Build): Promise<void> {
  const { image, context } = wanted;
  refuseUnsupported(image);
  const tar = packContext(context, { signal: options.signal });
  try {
    await parent.engine.buildImage(
      tar,
      {
        tag: wanted.tag,
        dockerfile: packedDockerfileName(context),
        buildArgs: image.buildArgs,
        labels: { ...image.labels, ...ownerLabels(repo, wanted) },
        target: image.target,
        platform: image.platform,
        pull: options.pull ?? false,
        cacheFrom: image.cacheFrom,
        networkMode: image.network,
        extraHosts: image.addHosts,
        shmSizeBytes: image.shmSize === undefined ? undefined : parseShmSize(image.shmSize),
        onOutput: (text) => options.onEvent?.({ type: "build.output", image: image.name, text }),
      },
      options.signal,
    );
  } finally {
    tar.destroy();
  }
}

/** No user among them: two users' builds of the same inputs are the same image. */
function ownerLabels(repo: Repo, { image, context }: WantedImage): Record<string, string> {
  return { "otto.schema": labelSchema, "otto.repo": repo.name, "otto.image": image.name, [hashLabel]: context.hash };
}

/** The engine's own builder takes one tar and nothing beside it. */
function refuseUnsupported(image: DockerImage): void {
  const wanted = [
    image.secrets.length > 0 && "secrets",
    image.ssh.length > 0 && "ssh",
    Object.keys(image.additionalContexts).length > 0 && "additional_contexts",
  ].filter((key) => key !== false);
  if (wanted.length === 0) return;
  throw new OttoError(
    "BUILD_FEATURE_UNSUPPORTED",
    `building ${image.name}: ${wanted.join(", ")} cannot be sent to the engine yet`,
    {
      hint: `Remove ${wanted.join(", ")} from the image's settings.`,
      details: { image: image.name, features: wanted },
    },
  );
}
