import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalParent, DockerContainerHost } from "@otto/hosts";
import { createBusyboxImage } from "@otto/lab";
import { CleanUps } from "./clean-ups.js";
import { runLabelled } from "./labelled-container.js";

/** Containers that see `directory` of this machine under the same path. */
export interface FilePlaces extends AsyncDisposable {
  readonly directory: string;
  /** Starts one; `flags` are of `docker run`. */
  startContainer(flags: readonly string[]): Promise<DockerContainerHost>;
}

export async function startFilePlaces(): Promise<FilePlaces> {
  await using cleanUps = new CleanUps();
  const project = `otto-files-${randomBytes(4).toString("hex")}`;
  const directory = await mkdtemp(join(tmpdir(), "otto-files-"));
  cleanUps.add({ [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) });
  const image = cleanUps.add(await createBusyboxImage(`${project}:latest`));
  const docker = { command: ["docker"], stagingRoot: undefined };
  const parent = cleanUps.add(createLocalParent({ id: "local", docker, socketPath: undefined, env: process.env }));
  const owned = cleanUps.move();
  let services = 0;
  return {
    directory,
    startContainer: async (flags) => {
      services += 1;
      const names = { project, service: `s${services}` };
      owned.add(
        await runLabelled({ image: image.tag, ...names, flags: ["--volume", `${directory}:${directory}`, ...flags] }),
      );
      const { engine } = parent;
      return owned.add(new DockerContainerHost({ id: `local.files.${names.service}`, ...names, replica: 1, engine }));
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}
