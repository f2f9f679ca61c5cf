import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createJsonSchema } from "@otto/config";
import { draftSettings, type SettingsDraft } from "../draft/settings-draft.js";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";

interface NewFile {
  /** From the directory. */
  readonly path: string;
  readonly content: string;
}

const settingsNames = [".otto/settings.toml", ".otto/settings.yaml", ".otto/settings.yml"];

/** `otto init`: writes the settings that are not there; settings of any format are left alone, with all beside them. */
export async function init(session: Session): Promise<Outcome> {
  const { invocation, options, reporter } = session;
  const present = await firstPresent(invocation.cwd);
  if (present !== undefined) {
    reporter.item(`${present} is there already: nothing written`, { type: "file", path: present, status: "skipped" });
    return { exitCode: exitCodes.done };
  }
  const draft = await draftSettings(invocation.cwd);
  for (const file of filesOf(draft)) await (options.dryRun ? showFile : writeNew)(session, file);
  for (const text of advise(draft)) reporter.notice("info", text);
  return { exitCode: exitCodes.done };
}

async function firstPresent(directory: string): Promise<string | undefined> {
  for (const path of settingsNames) if (await isThere(join(directory, path))) return path;
  return undefined;
}

function filesOf(draft: SettingsDraft): readonly NewFile[] {
  const schema = `${JSON.stringify(createJsonSchema("settings"), undefined, 2)}\n`;
  return [
    { path: ".otto/settings.toml", content: draft.text },
    { path: ".otto/settings.schema.json", content: schema },
  ];
}

async function showFile({ reporter }: Session, { path, content }: NewFile): Promise<void> {
  const shown = path.endsWith(".toml") ? `:\n${content.trimEnd().replaceAll(/^/gm, "  ")}` : "";
  reporter.item(`would write ${path}${shown}`, { type: "step", do: "write", path, content });
}

async function writeNew({ invocation, reporter }: Session, { path, content }: NewFile): Promise<void> {
  const target = join(invocation.cwd, path);
  await mkdir(join(target, ".."), { recursive: true });
  try {
    await writeFile(target, content, { flag: "wx" });
    reporter.item(`${path}  written`, { type: "file", path, status: "created" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    reporter.item(`${path}  is there already`, { type: "file", path, status: "skipped" });
  }
}

function advise({ name, images, composes }: SettingsDraft): readonly string[] {
  const found = [...images.map((image) => `image ${image.name} (${image.dockerfile})`), ...composes];
  const next = composes.length > 0 ? "otto docker up" : images.length > 0 ? "otto docker build" : "otto --list-hosts";
  return [
    `${name}: found ${found.length === 0 ? "no Dockerfile and no Compose file" : found.join(", ")}`,
    `next: ${next}`,
  ];
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
