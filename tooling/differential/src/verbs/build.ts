// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a Dockerfile writes its variables like this.
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildImages } from "@otto/build";
import { loadRepo } from "@otto/config";
import { readContext } from "@otto/context";
import { isOttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { readImage } from "@otto/lab";
import { packContext, packedDockerfileName } from "@otto/staging";
import fc from "fast-check";
import { askReference, requireReference } from "../reference-command.js";
import type { Facts, Verb } from "../verb.js";
import { type FileEntry, fileEntries, formatTime, writeEntries } from "./file-tree.js";
import { openLocalParent } from "./lab-parent.js";
import { oneByOne } from "./one-by-one.js";

/** A context and what a Dockerfile makes of it. */
export interface BuildInput {
  readonly entries: readonly FileEntry[];
  readonly ignoreFile: string | undefined;
  readonly dockerfile: readonly string[];
  readonly isOutside: boolean;
  readonly target: string | undefined;
  readonly args: Readonly<Record<string, string>>;
  /** By BuildKit's session, or as an archive for the builder of engines without BuildKit. */
  readonly way: "session" | "archive";
}

const names = ["a", "b.txt", "build", "c d", "é", "x.log", ".hidden", "a, b", "*odd*"];
const ignoreFile = fc.constantFrom(
  ...["*.log\n", "build\n!build/a\n", ".dockerignore\n", "Dockerfile\n", "**/a\n", "*\n!c d\n", "*\n!*/a\n"],
);
const path = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(".", "./", "*", "[a-b]*", "?*") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("a", "b.txt", "build", "build/", "a*", "x.log", "./a", "build/*", "nosuch", "é"),
  },
);
const destination = fc.constantFrom("/", "/d/", "/d", "d/", ".", "/d/e/", "/${ARG}/", "$ARG");
const copyFlags = fc.oneof(
  { weight: 4, arbitrary: fc.constant("") },
  { weight: 2, arbitrary: fc.constantFrom("--chown=7:8 ", "--chown=5 ", "--chmod=640 ", "--chown=1:1 --chmod=4755 ") },
);
const instruction = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom("COPY", "COPY", "ADD"), copyFlags, path, destination)
      .map(([word, flags, from, to]) => `${word} ${flags}${from} ${to}`),
  },
  { weight: 2, arbitrary: fc.tuple(copyFlags, path, destination).map((it) => `COPY ${it[0]}["${it[1]}", "${it[2]}"]`) },
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      ...[
        "ENV A=b",
        'ENV A=b C="d e"',
        "ENV PATH=/x:$PATH",
        "ENV X=${ARG:-none}",
        "ARG ARG=default",
        "ARG ARG",
        "ENV E =",
      ],
      ...[
        "LABEL a=b",
        'LABEL "a b"="c=d" e=',
        "WORKDIR /w",
        "WORKDIR rel",
        "WORKDIR /w/$ARG",
        "USER 1000",
        "USER nobody:x",
      ],
      ...[
        "EXPOSE 80",
        "EXPOSE 80/udp 81-83",
        "VOLUME /v",
        'VOLUME ["/v", "/w x"]',
        "STOPSIGNAL SIGINT",
        "STOPSIGNAL 9",
      ],
      ...[
        "CMD echo $A",
        'CMD ["a", "b c"]',
        "CMD []",
        "ENTRYPOINT top -b",
        'ENTRYPOINT ["/a"]',
        'SHELL ["/bin/x", "-c"]',
      ],
      ...["HEALTHCHECK NONE", "HEALTHCHECK --interval=5s --retries=2 CMD true", "ONBUILD COPY a /", "MAINTAINER me"],
      ...[
        "# comment",
        "",
        'HEALTHCHECK --start-period=1m CMD ["a"]',
        "COPY --from=base / /base/",
        "COPY <<EOF /here\nx $ARG\nEOF",
      ],
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("FROM scratch", "FROM scratch AS base", "FROM base", "FROM base AS last") },
);

/** Images: every entry, and the configuration. */
export const buildVerb: Verb<BuildInput> = {
  name: "build",
  reference: "docker build, with and without BuildKit",
  inputs: fc.record({
    entries: fileEntries(names, 7),
    ignoreFile: fc.option(ignoreFile, { nil: undefined, freq: 2 }),
    dockerfile: fc
      .tuple(
        fc.constantFrom("FROM scratch", "FROM scratch AS base", "ARG ARG=g\nFROM scratch"),
        fc.array(instruction, { maxLength: 7 }),
      )
      .map(([from, rest]) => [from, ...rest]),
    isOutside: fc.boolean(),
    target: fc.option(fc.constantFrom("base", "last"), { nil: undefined, freq: 1 }),
    args: fc.constantFrom<BuildInput["args"][]>({}, {}, { ARG: "given" }, { ARG: "a b" }, { ARG: "", OTHER: "x" }),
    way: fc.constantFrom("session", "session", "archive"),
  }),
  batch: 1,
  async open() {
    const work = await mkdtemp(join(tmpdir(), "otto-build-"));
    const name = `differ${randomBytes(4).toString("hex")}`;
    const parent = openLocalParent();
    let count = 0;
    return {
      compareAll: oneByOne(async (input) => {
        const root = join(work, `${count++}`);
        await writeRepo(root, name, input);
        try {
          const reference = await buildReference(root, `${name}:reference`, input);
          return { ours: await buildOurs(root, name, parent, input), reference };
        } finally {
          await rm(root, { recursive: true });
          await removeImages(name);
        }
      }),
      async [Symbol.asyncDispose]() {
        await parent[Symbol.asyncDispose]();
        await rm(work, { recursive: true, force: true });
      },
    };
  },
};

async function writeRepo(root: string, name: string, input: BuildInput): Promise<void> {
  const context = join(root, "context");
  await mkdir(join(root, ".otto"), { recursive: true });
  await writeEntries(context, input.entries);
  if (input.ignoreFile !== undefined) await writeFile(join(context, ".dockerignore"), input.ignoreFile);
  await writeFile(join(root, dockerfileOf(input)), `${input.dockerfile.join("\n")}\n`);
  const settings = [
    `name = ${JSON.stringify(name)}\nversion = "1"\n[[docker.images]]\nname = "api"\ncontext = "context"`,
    `dockerfile = ${JSON.stringify(dockerfileOf(input))}`,
    ...(input.target === undefined ? [] : [`target = ${JSON.stringify(input.target)}`]),
    ...Object.entries(input.args).map(([arg, value]) => `build_args.${arg} = ${JSON.stringify(value)}`),
  ];
  await writeFile(join(root, ".otto/settings.toml"), settings.join("\n"));
}

function dockerfileOf({ isOutside }: BuildInput): string {
  return isOutside ? "Dockerfile" : "context/Dockerfile";
}

const refused: Facts = { refused: "yes" };

async function buildOurs(root: string, name: string, parent: Parent, input: BuildInput): Promise<Facts> {
  try {
    if (input.way === "archive") return await buildArchive(root, name, parent, input);
    const { api } = await buildImages(await loadRepo(root, { home: root }), parent, { rebuild: true });
    return api?.status === "failed" ? refused : await imageFacts(`${name}-api:latest`);
  } catch (error) {
    if (!isOttoError(error)) throw error;
    return refused;
  }
}

/** As engines without BuildKit do it. */
async function buildArchive(root: string, name: string, parent: Parent, input: BuildInput): Promise<Facts> {
  const { args: buildArgs, target } = input;
  const [context, dockerfile] = [join(root, "context"), join(root, dockerfileOf(input))];
  const read = await readContext({ context, dockerfile, buildArgs, target });
  const options = {
    tag: `${name}:archive`,
    dockerfile: await packedDockerfileName(read),
    labels: {},
    buildArgs,
    target,
  };
  await parent.engine.buildImage(packContext(read), options);
  return imageFacts(options.tag);
}

async function buildReference(root: string, tag: string, input: BuildInput): Promise<Facts> {
  const options = [
    ...["--no-cache", "--quiet", "--tag", tag, "--file", join(root, dockerfileOf(input))],
    ...(input.target === undefined ? [] : ["--target", input.target]),
    ...Object.entries(input.args).flatMap(([arg, value]) => ["--build-arg", `${arg}=${value}`]),
  ];
  const isClassic = input.way === "archive";
  const build = isClassic ? ["build"] : ["buildx", "build", "--builder", "default", "--load"];
  const env = { ...process.env, DOCKER_BUILDKIT: isClassic ? "0" : "1" } as Record<string, string>;
  const { exitCode } = await askReference(["docker", ...build, ...options, join(root, "context")], { env });
  return exitCode === 0 ? imageFacts(tag) : refused;
}

async function imageFacts(tag: string): Promise<Facts> {
  const facts: Record<string, string> = {};
  for (const { header, digest } of await readImage(tag)) {
    const { name, type, mode, uid, gid, linkname, mtime } = header;
    facts[`entry ${name}`] = `${type} ${linkname ?? ""} ${digest}`;
    facts[`owner ${name}`] = `${uid}:${gid}`;
    facts[`mode ${name}`] = mode.toString(8);
    facts[`time ${name}`] = mtime === undefined ? "" : formatTime(mtime.getTime());
  }
  const [image] = JSON.parse(await requireReference(["docker", "image", "inspect", tag])) as [InspectedImage];
  // The classic builder's image of the step before, which has times in it.
  const { Labels, Image: _image, ...config } = image.Config;
  for (const [key, value] of Object.entries(config)) facts[`config ${key}`] = JSON.stringify(value);
  const labels = Object.entries(Labels ?? {}).filter(([label]) => !label.startsWith("otto."));
  facts["config Labels"] = JSON.stringify(Object.fromEntries(labels));
  facts.platform = `${image.Os}/${image.Architecture}`;
  facts.author = image.Author;
  facts.layers = String(image.RootFS.Layers?.length ?? 0);
  return facts;
}

interface InspectedImage {
  readonly Config: Readonly<Record<string, unknown>> & {
    readonly Labels: Readonly<Record<string, string>> | null;
    readonly Image: string;
  };
  readonly Os: string;
  readonly Architecture: string;
  readonly Author: string;
  readonly RootFS: { readonly Layers?: readonly string[] };
}

async function removeImages(name: string): Promise<void> {
  const stdout = await requireReference(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
  const tags = stdout.split("\n").filter((tag) => tag.startsWith(`${name}:`) || tag.startsWith(`${name}-`));
  if (tags.length > 0) await requireReference(["docker", "image", "rm", "--force", ...tags]);
}
