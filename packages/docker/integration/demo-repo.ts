import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labJson, layBusybox, type Lab as RunningLab } from "@otto/lab";

/** A repo with one image, a compose file of two services and a lab file; its name is its own, so runs do not meet. */
export interface DemoRepo extends AsyncDisposable {
  readonly name: string;
  readonly root: string;
  write(path: string, content: string): Promise<void>;
}

const dockerfile = `FROM scratch
COPY root /
COPY marker /etc/marker
CMD ["sleep", "infinity"]
`;

export async function createDemoRepo(lab?: RunningLab): Promise<DemoRepo> {
  const name = `demo${randomBytes(4).toString("hex")}`;
  const root = await mkdtemp(join(tmpdir(), "otto-demo-"));
  const write = async (path: string, content: string) => {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), content);
  };
  await layBusybox(join(root, "docker/root"));
  await write("docker/Dockerfile", dockerfile);
  await write("docker/marker", "first\n");
  await write("docker/compose.yml", composeFile(name));
  await write("conf/app.env", "COLOUR=red\n");
  await write(".otto/settings.toml", settings(name));
  if (lab !== undefined) await write("lab/lab.json", JSON.stringify(labJson(lab)));
  return { name, root, write, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) };
}

function settings(name: string): string {
  return `name = "${name}"
version = "1.0.0"
[[lab.sources]]
backend = "json"
paths = ["lab"]
[[docker.images]]
name = "api"
dockerfile = "docker/Dockerfile"
context = "docker"
[[docker.composes]]
path = "docker/compose.yml"
`;
}

function composeFile(name: string): string {
  return `services:
  api:
    image: ${name}-api:latest
    init: true
    env_file: ../conf/app.env
  web:
    image: ${name}-api:latest
    init: true
    depends_on: [api]
`;
}
