import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A container as Compose would label it, on this machine's engine. */
export interface LabelledContainer extends AsyncDisposable {
  readonly id: string;
}

export interface LabelledContainerOptions {
  readonly image: string;
  readonly project: string;
  readonly service: string;
  readonly replica?: number;
  /** Of `docker run`. */
  readonly flags?: readonly string[];
}

export async function runLabelled(
  { image, project, service, replica = 1, flags = [] }: LabelledContainerOptions,
  ...command: readonly string[]
): Promise<LabelledContainer> {
  const labels = [`project=${project}`, `service=${service}`, `container-number=${replica}`];
  const words = labels.flatMap((label) => ["--label", `com.docker.compose.${label}`]);
  const { stdout } = await execute("docker", ["run", "--detach", "--init", ...words, ...flags, image, ...command]);
  const id = stdout.trim();
  return {
    id,
    async [Symbol.asyncDispose]() {
      await execute("docker", ["rm", "--force", "--volumes", id]);
    },
  };
}
