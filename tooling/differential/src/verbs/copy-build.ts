import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A build of `FROM scratch` + `COPY . /`, and the directory for what it puts into the image. */
export interface CopyBuild {
  readonly context: string;
  readonly dockerfile: string;
  readonly output: string;
}

/** Has Docker's own client and engine build, all in one call; rejects with their words when one build fails. */
export async function buildAll(builds: readonly CopyBuild[], bakeFile: string): Promise<void> {
  const targets = builds.map(({ context, dockerfile, output }, index) => {
    return [`t${index}`, { context, dockerfile, output: [`type=local,dest=${output}`], "no-cache": true }];
  });
  const bake = { group: { default: { targets: targets.map(([name]) => name) } }, target: Object.fromEntries(targets) };
  writeFileSync(bakeFile, JSON.stringify(bake));
  await run("docker", ["buildx", "bake", "--builder", "default", "--progress", "plain", "-f", bakeFile], {
    maxBuffer: 1 << 26,
  });
}

/** What the client or engine says when it refuses the build; nothing when it does not. */
export async function refusalOf(build: CopyBuild, bakeFile: string): Promise<string | undefined> {
  try {
    await buildAll([build], bakeFile);
    return undefined;
  } catch (error) {
    return String((error as { stderr?: unknown }).stderr ?? error);
  }
}
