import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type BuildImagesOptions, buildImages, type ImageResult } from "@otto/build";
import { type DockerImage, loadRepo, type Repo } from "@otto/config";
import { createLocalParent, type Parent } from "@otto/hosts";
import { layBusybox } from "@otto/lab";

const execute = promisify(execFile);

export const parent: Parent = createLocalParent({
  id: "local",
  docker: { command: ["docker"], stagingRoot: undefined },
  socketPath: undefined,
  env: process.env,
});

/** A repo with the image `api` whose context is `context/`; its name is its own, and disposal removes its images. */
export interface BuildRepo extends AsyncDisposable {
  readonly name: string;
  readonly root: string;
  write(path: string, content: string | Buffer): Promise<void>;
  load(root?: string): Promise<Repo>;
}

export async function createBuildRepo(imageSettings = ""): Promise<BuildRepo> {
  const name = `build${randomBytes(4).toString("hex")}`;
  const root = await mkdtemp(join(tmpdir(), "otto-build-"));
  const write = async (path: string, content: string | Buffer) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  };
  await write("context/Dockerfile", "FROM scratch\nCOPY . /\n");
  await write(
    ".otto/settings.toml",
    `name = "${name}"\nversion = "1"\n[[docker.images]]\nname = "api"\ncontext = "context"\ndockerfile = "context/Dockerfile"\n${imageSettings}`,
  );
  return {
    name,
    root,
    write,
    load: (at = root) => loadRepo(at, { home: root }),
    [Symbol.asyncDispose]: async () => {
      await removeImages(name);
      await rm(root, { recursive: true });
    },
  };
}

/** Its Dockerfile lays busybox and then takes `steps`. */
export async function createShellRepo(steps: string, imageSettings = ""): Promise<BuildRepo> {
  const repo = await createBuildRepo(imageSettings);
  await layBusybox(join(repo.root, "context/root"));
  await repo.write("context/Dockerfile", `FROM scratch\nCOPY root /\n${steps}`);
  return repo;
}

export async function removeImages(name: string): Promise<void> {
  const { stdout } = await execute("docker", ["image", "ls", "--quiet", "--filter", `label=otto.repo=${name}`]);
  const ids = [...new Set(stdout.split("\n").filter((id) => id !== ""))];
  if (ids.length > 0) await execute("docker", ["image", "rm", "--force", ...ids]);
}

export interface Built {
  readonly result: ImageResult;
  /** Content bytes of the context that the engine asked for; the Dockerfile goes to the frontend each time, and is not counted. */
  readonly sentBytes: number;
  readonly output: string;
}

export async function build(repo: Repo, options: BuildImagesOptions = {}): Promise<Built> {
  let sentBytes = 0;
  let output = "";
  const results = await buildImages(repo, parent, {
    ...options,
    onEvent: (event) => {
      if (event.type === "build.sent") sentBytes = event.bytes;
      if (event.type === "build.output") output += event.text;
      options.onEvent?.(event);
    },
  });
  const { api } = results;
  if (api === undefined) throw new Error("the repo declares api");
  const { length } = await readFile(onlyImage(repo).dockerfile);
  return { result: api, sentBytes: sentBytes - length, output };
}

export function onlyImage(repo: Repo): DockerImage {
  const [image] = repo.docker.images;
  if (image === undefined) throw new Error("the repo declares an image");
  return image;
}

/** Copies a program and the libraries that it loads. */
export async function layProgram(program: string, root: string): Promise<void> {
  const { stdout } = await execute("ldd", [program]);
  const libraries = stdout.match(/\/[^ ]+(?= \()/g) ?? [];
  for (const path of [program, ...libraries]) await cp(path, join(root, path), { dereference: true, recursive: true });
}
