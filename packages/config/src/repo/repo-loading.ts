import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { OttoError } from "@otto/errors";
import { readDocument, type SourceDocument } from "../document/source-document.js";
import { documentError, validateDocument } from "../document/validation.js";
import type { Repo } from "./repo.js";
import { toRepo } from "./settings.js";
import { settingsSchema } from "./settings-schema.js";

export interface LoadRepoOptions {
  /** Absolute path of the user's home, for `~`. */
  readonly home: string;
}

const settingsNames = ["settings.toml", "settings.yaml", "settings.yml"];

/**
 * Reads the settings of the repository at `root`. Paths in it are resolved, not looked at.
 *
 * @throws `CONFIG_FILE_MISSING`, `CONFIG_FILE_UNREADABLE`, `CONFIG_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_INVALID`
 */
export async function loadRepo(root: string, options: LoadRepoOptions): Promise<Repo> {
  const directory = resolve(root);
  const document = await readDocument("CONFIG", await settingsFileOf(directory));
  const settings = validateDocument(settingsSchema, document);
  refuseRepeatedImages(document, settings.docker?.images ?? []);
  return toRepo(settings, document.file, { directory, home: options.home });
}

async function settingsFileOf(root: string): Promise<string> {
  const candidates = settingsNames.map((name) => join(root, ".otto", name));
  const present: string[] = [];
  for (const file of candidates) if (await exists(file)) present.push(file);
  const [file, other] = present;
  if (file === undefined) {
    throw new OttoError("CONFIG_FILE_MISSING", `reading ${candidates[0]}: no such file`, {
      hint: "Write that file (otto init does), or point OTTO_SUT_DIRS at a repository that has one.",
      details: { file: candidates[0] ?? "" },
    });
  }
  if (other !== undefined) {
    throw new OttoError("CONFIG_INVALID", `reading ${file}: ${other} is there too`, {
      hint: "Keep one of the two.",
      details: { files: present },
    });
  }
  return file;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT" && error.code !== "ENOTDIR",
  );
}

function refuseRepeatedImages(document: SourceDocument, images: readonly { readonly name: string }[]): void {
  for (const [index, { name }] of images.entries()) {
    const first = images.findIndex((image) => image.name === name);
    if (first === index) continue;
    throw documentError(document, ["docker", "images", index, "name"], `${name} is the name of images[${first}] too`);
  }
}
