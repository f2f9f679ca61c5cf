import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { layBusybox } from "@otto/lab";
import { clearEngine } from "./engine-state.js";
import type { Place } from "./otto-process.js";

/** A repo with one image and a stack of two services, under a name of its own; disposing removes all traces. */
export interface TestRepo extends AsyncDisposable {
  readonly name: string;
  readonly root: string;
  /** Runs of `otto` in it, which trust its lab file; its home is empty. */
  readonly place: Place;
  /** The Compose project that `up` makes. */
  readonly project: string;
  write(path: string, content: string): Promise<void>;
}

export const dockerfile = `FROM scratch
COPY root /
COPY marker /etc/marker
CMD ["sleep", "infinity"]
`;

export async function createTestRepo(env: Readonly<Record<string, string>> = {}): Promise<TestRepo> {
  const name = `cli${randomBytes(4).toString("hex")}`;
  const root = await mkdtemp(join(tmpdir(), "otto-cli-"));
  const write = async (path: string, content: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  };
  await layBusybox(join(root, "docker/root"));
  await write("docker/Dockerfile", dockerfile);
  await write("docker/marker", "first\n");
  await write("docker/compose.yml", composeFile(name));
  await write(".otto/settings.toml", settings(name));
  await mkdir(join(root, "home"));
  return {
    name,
    root,
    place: { cwd: root, env: { HOME: join(root, "home"), OTTO_COMPOSE_SUFFIX: "ci", OTTO_TRUST: root, ...env } },
    project: `otto-${name}-ci`,
    write,
    async [Symbol.asyncDispose]() {
      await clearEngine(name);
      await rm(root, { recursive: true });
    },
  };
}

/** The settings of the test repo, with more behind them. */
export function settings(name: string, more = ""): string {
  return `name = "${name}"
version = "1.0.0"
[[lab.sources]]
backend = "json"
paths = ["lab.json"]
[[docker.images]]
name = "api"
dockerfile = "docker/Dockerfile"
context = "docker"
[[docker.composes]]
path = "docker/compose.yml"
${more}`;
}

function composeFile(name: string): string {
  return `services:
  api:
    image: ${name}-api:latest
    init: true
    volumes: ["./marker:/mounted/marker:ro"]
  web:
    image: ${name}-api:latest
    init: true
    depends_on: [api]
`;
}
