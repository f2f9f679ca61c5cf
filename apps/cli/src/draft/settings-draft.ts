import { basename, posix } from "node:path";
import { slug } from "@otto/config";
import { escapeControls } from "@otto/errors";
import { type ServiceDraft, serviceOf } from "./compose-draft.js";
import { type DevcontainerDraft, readDevcontainer } from "./devcontainer.js";
import { draftImages, type ImageDraft } from "./image-drafts.js";
import { readIdentity } from "./manifest.js";
import { readProjectTree } from "./project-tree.js";

/** A first settings file for a project, by what was found in it. Paths with `/`, from the root. */
export interface SettingsDraft {
  readonly name: string;
  readonly version: string;
  readonly images: readonly ImageDraft[];
  /** The Compose files of one directory: the stack. */
  readonly composes: readonly string[];
  /** Compose files elsewhere, which may be stacks of their own. */
  readonly otherComposes: readonly string[];
  readonly labs: readonly string[];
  /** Dockerfiles that the stack's Compose files build. */
  readonly builtByCompose: readonly string[];
  /** The services of the stack that run; none: all. */
  readonly services: readonly string[];
  /** `devcontainer.json` that the stack or an image comes from. */
  readonly devcontainer: string | undefined;
  /** Where there is no Compose file: the services that one could have. */
  readonly offered: readonly ServiceDraft[];
  /** Commented TOML for `.otto/settings.toml`, with its schema expected beside it. */
  readonly text: string;
}

/** Drafts the settings of the project at `root`. Reads its files and writes nothing. */
export async function draftSettings(root: string): Promise<SettingsDraft> {
  const [tree, identity] = await Promise.all([readProjectTree(root), readIdentity(root)]);
  const [first] = tree.composes;
  const isOfStack = (path: string) => first !== undefined && posix.dirname(path) === posix.dirname(first);
  const name = slug(identity.name ?? basename(root)) || "project";
  const own = tree.composes.filter(isOfStack);
  const otherComposes = tree.composes.filter((path) => !isOfStack(path));
  // A project's own Compose file says what it is; a development container is for those without one.
  const devcontainer = own.length > 0 ? undefined : await readDevcontainer(root);
  const composes = own.length > 0 ? own : (devcontainer?.composes ?? []);
  const found = await draftImages(root, tree.dockerfiles, { stack: composes, others: otherComposes });
  const isFound = found.images.some(({ dockerfile }) => dockerfile === devcontainer?.image?.dockerfile);
  const images = isFound ? found.images : [...found.images, ...asList(devcontainer?.image)];
  const facts = {
    name,
    version: identity.version ?? "0.1.0",
    images,
    composes,
    otherComposes,
    labs: tree.labs,
    builtByCompose: found.builtByCompose,
    services: devcontainer?.services ?? [],
    devcontainer: devcontainer?.file,
    offered: composes.length > 0 ? [] : offerServices(name, images, devcontainer),
  };
  return { ...facts, text: formatSettings(facts) };
}

/** The same with a Compose file that is to be written. */
export function withComposeFile(draft: SettingsDraft, path: string): SettingsDraft {
  const facts = { ...draft, composes: [path], offered: [] };
  return { ...facts, text: formatSettings(facts) };
}

function asList<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}

/** A service for each image; a development container is one to work in. */
function offerServices(
  repo: string,
  images: readonly ImageDraft[],
  devcontainer: DevcontainerDraft | undefined,
): ServiceDraft[] {
  const built = images.map((it) => serviceOf(repo, it, it.dockerfile === devcontainer?.image?.dockerfile));
  return [...built, ...asList(devcontainer?.reference).map((image) => ({ name: "dev", image, isIdle: true }))];
}

function formatSettings(facts: Omit<SettingsDraft, "text">): string {
  const { name, version } = facts;
  const head = [
    "#:schema ./settings.schema.json",
    "# Settings of this repository for otto. Paths start at the repository's root.",
    "",
    "# Part of image tags, host ids and the Compose project.",
    `name = ${quote(name)}`,
    `version = ${quote(version)}`,
  ];
  return `${[head, labLines(facts.labs), imageLines(facts), composeLines(facts)].map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function labLines(labs: readonly string[]): string[] {
  const comment = ["# The hosts to work on. Without a lab, otto works on this machine: the lab `local`."];
  const lines = [
    "[[lab.sources]]",
    'backend = "json"',
    `paths = [${(labs.length > 0 ? labs : ["lab.json"]).map(quote).join(", ")}]`,
  ];
  return [...comment, ...(labs.length > 0 ? lines : commented(lines))];
}

function imageLines({ name, images, builtByCompose }: Omit<SettingsDraft, "text">): string[] {
  const example = { name: "app", dockerfile: "Dockerfile", context: "." };
  const comment = [
    `# An image is tagged ${name}-<image>:<hash> and ${name}-<image>:latest, which Compose files name.`,
    "# More keys: target, platform, build_args, secrets, additional_contexts, …",
  ];
  const byCompose = builtByCompose.map((path) => `# Compose builds ${escapeControls(path, { line: true })} itself.`);
  if (images.length === 0) return [...comment, ...byCompose, ...commented(tableOf(example))];
  return [
    ...comment,
    ...byCompose,
    ...images.flatMap((image, index) => [...(index > 0 ? [""] : []), ...tableOf(image)]),
  ];
}

function tableOf({ name, dockerfile, context }: ImageDraft): string[] {
  return [
    "[[docker.images]]",
    `name = ${quote(name)}`,
    `dockerfile = ${quote(dockerfile)}`,
    `context = ${quote(context)}`,
  ];
}

function composeLines({ composes, otherComposes, services }: Omit<SettingsDraft, "text">): string[] {
  const chosen = services.length === 0 ? [] : [`services = [${services.map(quote).join(", ")}]`];
  const tables = (paths: readonly string[]) =>
    paths.flatMap((path) => ["[[docker.composes]]", `path = ${quote(path)}`, ...chosen]);
  const comment = [
    "# The stack: its Compose files in their order. More keys: default_host, services, profiles, allow_outside.",
  ];
  if (composes.length === 0) return [...comment, ...commented(tables(["compose.yml"]))];
  if (otherComposes.length === 0) return [...comment, ...tables(composes)];
  const more = [
    "",
    "# Found as well: part of this stack, or of a repository of its own.",
    ...commented(tables(otherComposes)),
  ];
  return [...comment, ...tables(composes), ...more];
}

function commented(lines: readonly string[]): string[] {
  return lines.map((line) => `# ${line}`);
}

/** A basic string of TOML, which must not hold DEL as it is. */
function quote(text: string): string {
  return escapeControls(JSON.stringify(text));
}
