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

/** A checkout that one contender builds. A new one has another name, other contents and another place. */
export class Checkout {
  readonly #settings: CheckoutSettings;
  #generation = 0;
  #repo: Repo | undefined;
  #cloned = false;

  constructor(settings: CheckoutSettings) {
    this.#settings = settings;
  }

  /** Undefined until `layAnew`. */
  get repo(): Repo | undefined {
    return this.#repo;
  }

  layAnew(): Repo {
    this.remove();
    this.#generation += 1;
    const { directory, name, shape, routes } = this.#settings;
    mkdirSync(directory, { recursive: true });
    this.#repo = layRepo(directory, { name: `${name}-${this.#generation}`, routes, hasImage: true });
    const context = contextPathOf(this.#repo);
    shape.lay(context);
    writeFileSync(join(context, "Dockerfile"), shape.dockerfile);
    return this.#repo;
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

  /** Goes on in a copy, of the other umask: the group and others may read it, or may not. */
  clone(): void {
    const { root, name } = this.#require();
    const next = `${root}${this.#cloned ? "" : "-clone"}`.replace(/-clone-clone$/, "");
    const from = root;
    rmSync(next, { recursive: true, force: true });
    cpSync(from, next, { recursive: true });
    run("chmod", "-R", this.#cloned ? "go+rX" : "go-rwx", contextPathOf({ root: next, name }));
    this.#cloned = !this.#cloned;
    this.#repo = {
      name,
      root: next,
      settings: { cwd: next, variables: { ...this.#require().settings.variables, OTTO_TRUST: next } },
    };
  }

  /** @throws Error where the image has not the edited file as it lies here */
  expectBuilt(tag: string): void {
    const { edited } = this.#settings.shape;
    const container = run("docker", "create", tag, "x").trim();
    try {
      const found = sh('docker cp "$1" - | tar -xOf - | sha256sum', `${container}:/${edited}`);
      expectEqual(`${edited} in ${tag}`, found, sh('sha256sum <"$1"', this.#path(edited)));
    } finally {
      run("docker", "rm", container);
    }
  }

  remove(): void {
    if (this.#repo === undefined) return;
    const { root, name } = this.#repo;
    for (const each of new Set([root, root.replace(/-clone$/, ""), `${root}-clone`])) {
      rmSync(each, { recursive: true, force: true });
    }
    const images = sh(
      'docker image ls --quiet --filter "reference=$1*"; docker image ls --quiet --filter "label=otto.repo=$1"',
      name,
    );
    if (images.trim() !== "") run("docker", "image", "rm", "--force", ...new Set(images.trim().split("\n")));
    this.#repo = undefined;
    this.#cloned = false;
  }

  #path(path: string): string {
    return join(contextPathOf(this.#require()), path);
  }

  #require(): Repo {
    if (this.#repo === undefined) throw new Error("bench: a checkout is used before it is laid");
    return this.#repo;
  }
}
