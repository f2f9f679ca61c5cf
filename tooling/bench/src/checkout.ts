import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Route } from "./link.js";
import { contextPathOf, layRepo, type Repo } from "./repo.js";
import { expectEqual, run, sh } from "./shell.js";

/** What is built, and which of its files is edited. */
export interface ContextShape {
  readonly title: string;
  /** Lays the files: of content that no other call writes, so that no engine has them. */
  lay(context: string): void;
  readonly edited: string;
  /** Of no use to the Dockerfile; edited by edits outside of its reach. */
  readonly outside?: string;
  readonly dockerfile: string;
}

export interface CheckoutSettings {
  readonly directory: string;
  readonly name: string;
  readonly shape: ContextShape;
  readonly routes: readonly Route[];
}

/** A checkout that one contender builds. `layAnew` replaces it by one with another name, path and content. */
export class Checkout {
  readonly #settings: CheckoutSettings;
  #generation = 0;
  #repo: Repo | undefined;

  constructor(settings: CheckoutSettings) {
    this.#settings = settings;
  }

  get isLaid(): boolean {
    return this.#repo !== undefined;
  }

  /** @throws Error before `layAnew` */
  get repo(): Repo {
    if (this.#repo === undefined) throw new Error("bench: a checkout is used before it is laid");
    return this.#repo;
  }

  /** The label of images that the docker client builds of it. */
  get label(): string {
    return `otto.bench=${this.repo.name}`;
  }

  layAnew(): void {
    this.remove();
    this.#generation += 1;
    const { directory, name, shape, routes } = this.#settings;
    mkdirSync(directory, { recursive: true });
    this.#repo = layRepo(directory, { name: `${name}-${this.#generation}`, routes, hasImage: true });
    const context = contextPathOf(this.#repo);
    shape.lay(context);
    writeFileSync(join(context, "Dockerfile"), shape.dockerfile);
  }

  edit(): void {
    appendFileSync(this.#path(this.#settings.shape.edited), "x");
  }

  editOutside(): void {
    appendFileSync(this.#path(this.#settings.shape.outside ?? ""), "x");
  }

  touch(): void {
    run("find", this.#path("."), "-exec", "touch", "{}", "+");
  }

  /** Continues in a copy as of another umask: group and others can read it, then cannot, and so on. */
  clone(): void {
    const { root, name, settings } = this.repo;
    const original = originalOf(root);
    const isClone = root !== original;
    const next = isClone ? original : `${root}${cloneSuffix}`;
    rmSync(next, { recursive: true, force: true });
    cpSync(root, next, { recursive: true });
    run("chmod", "-R", isClone ? "go+rX" : "go-rwx", contextPathOf({ root: next, name }));
    const variables = { ...settings.variables, OTTO_TRUST: next };
    this.#repo = { name, root: next, settings: { cwd: next, variables } };
  }

  /** @throws Error if the edited file in the image differs from the one on disk */
  expectBuilt(tag: string): void {
    const { edited } = this.#settings.shape;
    const container = run("docker", "create", tag, "x").trim();
    try {
      const found = sh('docker cp "$1" - | tar -xOf - | sha256sum', `${container}:/${edited}`);
      expectEqual(`${edited} in ${tag}`, found, sh('sha256sum <"$1"', this.#path(edited)));
    } finally {
      run("docker", "rm", container);
    }
    this.#removeImages(tag);
  }

  remove(): void {
    if (this.#repo === undefined) return;
    const { root } = this.#repo;
    const original = originalOf(root);
    for (const each of [original, `${original}${cloneSuffix}`]) rmSync(each, { recursive: true, force: true });
    this.#removeImages();
    this.#repo = undefined;
  }

  /** @param kept the tag of one that stays; the others were built of earlier contents, and fill the disk */
  #removeImages(kept?: string): void {
    const { name } = this.repo;
    const listing = (filter: string) => run("docker", "image", "ls", "--quiet", "--no-trunc", "--filter", filter);
    const found = [`label=${this.label}`, `label=otto.repo=${name}`].map(listing).join("").split("\n");
    const stays = kept === undefined ? "" : run("docker", "image", "inspect", "--format", "{{.Id}}", kept).trim();
    const images = new Set(found.filter((id) => id !== "" && id !== stays));
    if (images.size > 0) run("docker", "image", "rm", "--force", ...images);
  }

  #path(path: string): string {
    return join(contextPathOf(this.repo), path);
  }
}

const cloneSuffix = "-clone";

function originalOf(root: string): string {
  return root.endsWith(cloneSuffix) ? root.slice(0, -cloneSuffix.length) : root;
}
