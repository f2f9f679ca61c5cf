import { access, appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { createJsonSchema, findRepoRoots, loadRepo } from "@otto/config";
import { OttoError } from "@otto/errors";
import { formatComposeFile } from "../draft/compose-draft.js";
import { draftSettings, type SettingsDraft, withComposeFile } from "../draft/settings-draft.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";

export interface InitFlags {
  /** Write a Compose file if there is none. Default: ask at the terminal. */
  readonly compose?: boolean;
  /** In this directory, though one above it has settings. */
  readonly here?: boolean;
}

interface NewFile {
  /** From the directory. */
  readonly path: string;
  readonly content: string;
}

const settingsNames = [".otto/settings.toml", ".otto/settings.yaml", ".otto/settings.yml"];
const composeName = "compose.yaml";
const done = { exitCode: exitCodes.done };

/** `otto init`: writes the settings that are not there; settings of any format are left alone, with all beside them. */
export async function init(session: Session, flags: InitFlags = {}): Promise<Outcome> {
  const { cwd } = session.invocation;
  const present = await firstPresent(cwd);
  if (present !== undefined) return flags.compose ? addComposeFile(session, present) : skip(session, present);
  const above = flags.here ? undefined : await settingsAbove(cwd);
  if (above !== undefined) return skip(session, above, "To have settings of its own here: otto init --here");
  const found = await draftSettings(cwd);
  if (found.images.length + found.composes.length + found.labs.length + found.offered.length === 0) throw nothing(cwd);
  const writes = found.offered.length > 0 && (flags.compose ?? (await asks(session, found)));
  const draft = writes ? withComposeFile(found, composeName) : found;
  const compose = writes ? [{ path: composeName, content: formatComposeFile(found.offered) }] : [];
  for (const file of [...filesOf(draft), ...compose]) await put(session, file);
  for (const text of advise(draft)) session.reporter.notice("info", text);
  return done;
}

function skip({ reporter }: Session, path: string, advice?: string): Outcome {
  reporter.item(`${path} is there already: nothing written`, { type: "file", path, status: "skipped" });
  if (advice !== undefined) reporter.notice("info", advice);
  return done;
}

async function firstPresent(directory: string): Promise<string | undefined> {
  for (const path of settingsNames) if (await isThere(join(directory, path))) return path;
  return undefined;
}

/** The settings of the repository that a directory is in, from the directory. */
async function settingsAbove(cwd: string): Promise<string | undefined> {
  const [root] = await findRepoRoots({ cwd, env: {} });
  const present = root === undefined ? undefined : await firstPresent(root);
  return root === undefined || present === undefined ? undefined : relative(cwd, join(root, present));
}

/** Asks at the terminal whether to write the Compose file; without a terminal, prints the option that writes it. */
async function asks({ options, reporter, signal }: Session, { offered }: SettingsDraft): Promise<boolean> {
  const names = offered.map(({ name }) => name).join(", ");
  if (options.input && !options.dryRun) {
    const { askYesNo } = await import("../terminal/terminal-prompt.js");
    const question = `There is no Compose file, so there is nothing to bring up. Write ${composeName} with ${names}?`;
    const answer = await reporter.undisturbed(() => askYesNo(question, signal));
    if (answer !== undefined) return answer;
  }
  reporter.notice("info", `there is no Compose file, so there is nothing to bring up; with one: otto init --compose`);
  return false;
}

function nothing(cwd: string): OttoError {
  return new OttoError("CLI_INIT_NOTHING", `looking for something to build or run in ${cwd}: found nothing`, {
    hint: `Write a Dockerfile or a ${composeName} first, for example: printf 'services:\\n  web: { image: nginx }\\n' > ${composeName}`,
    details: { directory: cwd },
  });
}

/** Adds a Compose file to settings that have none. */
async function addComposeFile(session: Session, present: string): Promise<Outcome> {
  const { cwd, home } = session.invocation;
  const repo = await loadRepo(cwd, { home });
  if (repo.docker.composes.length > 0) return skip(session, present);
  const images = repo.docker.images.map(({ name }) => ({ name, image: `${repo.name}-${name}:latest`, isIdle: false }));
  // Without an image of its own, a project may have a development container.
  const services = images.length > 0 ? images : (await draftSettings(cwd)).offered;
  if (services.length === 0) throw nothing(cwd);
  await put(session, { path: composeName, content: formatComposeFile(services) });
  await declareCompose(session, present);
  session.reporter.notice("info", "next: otto up");
  return done;
}

/** A table of TOML may always stand at the end. */
async function declareCompose({ invocation, options, reporter }: Session, present: string): Promise<void> {
  const lines = `[[docker.composes]]\npath = "${composeName}"\n`;
  const file = join(invocation.cwd, present);
  if (!present.endsWith(".toml")) {
    reporter.notice("info", `add to ${present}, below docker: composes: [{ path: ${composeName} }]`);
    return;
  }
  if (options.dryRun) {
    reporter.item(`would add to ${present}:\n${lines.trimEnd().replaceAll(/^/gm, "  ")}`, {
      type: "step",
      do: "write",
      path: present,
      content: lines,
    });
    return;
  }
  const text = await readFile(file, "utf8");
  await appendFile(file, `${text.endsWith("\n") ? "" : "\n"}\n${lines}`);
  reporter.item(`${present}  declares it`, { type: "file", path: present, status: "changed" });
}

function filesOf(draft: SettingsDraft): readonly NewFile[] {
  const schema = `${JSON.stringify(createJsonSchema("settings"), undefined, 2)}\n`;
  return [
    { path: ".otto/settings.toml", content: draft.text },
    { path: ".otto/settings.schema.json", content: schema },
  ];
}

async function put(session: Session, file: NewFile): Promise<void> {
  await (session.options.dryRun ? showFile : writeNew)(session, file);
}

async function showFile({ reporter }: Session, { path, content }: NewFile): Promise<void> {
  const shown = path.endsWith(".json") ? "" : `:\n${content.trimEnd().replaceAll(/^/gm, "  ")}`;
  reporter.item(`would write ${path}${shown}`, { type: "step", do: "write", path, content });
}

async function writeNew({ invocation, reporter }: Session, { path, content }: NewFile): Promise<void> {
  const target = join(invocation.cwd, path);
  await mkdir(dirname(target), { recursive: true });
  try {
    await writeFile(target, content, { flag: "wx" });
    reporter.item(`${path}  written`, { type: "file", path, status: "created" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    reporter.item(`${path}  is there already`, { type: "file", path, status: "skipped" });
  }
}

function advise({ name, images, composes, builtByCompose, devcontainer }: SettingsDraft): readonly string[] {
  const found = [
    ...images.map((image) => `image ${image.name} (${image.dockerfile})`),
    ...composes,
    ...builtByCompose.map((path) => `${path} (Compose builds it)`),
    ...(devcontainer === undefined ? [] : [devcontainer]),
  ];
  const next = composes.length > 0 ? "otto up" : images.length > 0 ? "otto build" : "otto --list-hosts";
  return [`${name}: found ${found.join(", ") || "labs"}`, `next: ${next}`];
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
