import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { composeDown, composeUp, getUserComposeProject, openLab } from "@otto/docker";
import { isOttoError } from "@otto/errors";
import { createBusyboxImage } from "@otto/lab";
import { askReference, requireReference } from "../reference-command.js";
import type { Facts, Outcome, Verb } from "../verb.js";
import { oneByOne } from "./one-by-one.js";
import { compareStates, readStack, type StackState } from "./stack-facts.js";
import { composeFile, editServices, files, type UpInput, upInputs } from "./up-input.js";

/** Stacks: brought up, brought up again, edited, taken down. */
export const upVerb: Verb<UpInput> = {
  name: "up",
  reference: "docker compose up, down",
  inputs: upInputs,
  batch: 1,
  async open() {
    const work = await mkdtemp(join(tmpdir(), "otto-up-"));
    const image = await createBusyboxImage(`otto-up-${randomBytes(4).toString("hex")}:latest`);
    let count = 0;
    return {
      compareAll: oneByOne(async (input): Promise<Outcome> => {
        const name = `up${randomBytes(3).toString("hex")}n${count++}`;
        const [ours, reference] = [
          new Side(join(work, name, "ours"), image.tag),
          new Side(join(work, name, "reference"), image.tag),
        ];
        try {
          return {
            ours: await walk(ours, input, openOurs(ours.directory, name)),
            reference: await walk(reference, input, openReference(reference.directory, `reference-${name}`)),
          };
        } finally {
          await rm(join(work, name), { recursive: true, force: true });
        }
      }),
      async [Symbol.asyncDispose]() {
        await image[Symbol.asyncDispose]();
        await rm(work, { recursive: true, force: true });
      },
    };
  },
};

/** One side's files. */
class Side {
  readonly directory: string;
  readonly #image: string;

  constructor(directory: string, image: string) {
    this.directory = directory;
    this.#image = image;
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.directory, path)), { recursive: true });
    await writeFile(join(this.directory, path), text);
  }

  writeCompose(services: UpInput["services"]): Promise<void> {
    return this.write("compose.yml", composeFile(services, this.#image));
  }
}

interface Stack {
  readonly project: string;
  prepare(side: Side): Promise<void>;
  /** Whether it is up. */
  up(): Promise<boolean>;
  down(options: { readonly volumes: boolean }): Promise<void>;
}

async function walk(side: Side, input: UpInput, stack: Stack): Promise<Facts> {
  for (const [path, text] of Object.entries(files)) await side.write(path, text);
  await side.writeCompose(input.services);
  await stack.prepare(side);
  const facts: Record<string, string> = {};
  const note = (step: string, found: Facts) => {
    for (const [name, value] of Object.entries(found)) facts[`${step}: ${name}`] = value;
  };
  try {
    if (!(await stack.up())) return { refused: "yes" };
    const first = await readStack(stack.project);
    note("up", first.facts);
    if (!(await stack.up())) return { ...facts, "again: refused": "yes" };
    const second = await readStack(stack.project);
    note("again", compareStates(first, second));
    await applyEdit(side, input);
    const isUp = await stack.up();
    const third: StackState = await readStack(stack.project);
    if (isUp) note("edit", { ...third.facts, ...compareStates(second, third) });
    else note("edit", { refused: "yes" });
    await stack.down({ volumes: false });
    note("down", (await readStack(stack.project)).facts);
    return facts;
  } finally {
    await stack.down({ volumes: true });
  }
}

async function applyEdit(side: Side, input: UpInput): Promise<void> {
  if (input.edit.kind === "file")
    await side.write(input.edit.path, files[input.edit.path]?.replace(/^(LEVEL=|COLOUR=)?/, "$12") ?? "");
  else await side.writeCompose(editServices(input));
}

function openOurs(root: string, name: string): Stack {
  const home = `${root}-home`;
  const env = { PATH: process.env.PATH, HOME: home, OUTER: "outer", OTTO_COMPOSE_SUFFIX: "ci" };
  const open = async () => {
    const lab = await openLab({ cwd: root, env, home });
    const [repo] = lab.repos;
    if (repo === undefined) throw new Error("the lab has no repo");
    return { lab, repo };
  };
  return {
    project: getUserComposeProject(name, "ci"),
    async prepare(side) {
      await mkdir(home, { recursive: true });
      await side.write(
        ".otto/settings.toml",
        `name = "${name}"\nversion = "1"\n[[docker.composes]]\npath = "compose.yml"\n`,
      );
    },
    async up() {
      const { lab, repo } = await open();
      try {
        await composeUp(repo, lab);
        return true;
      } catch (error) {
        if (!isOttoError(error)) throw error;
        return false;
      } finally {
        await lab[Symbol.asyncDispose]();
      }
    },
    async down({ volumes }) {
      const { lab, repo } = await open();
      try {
        const result = await composeDown(repo, lab, { volumes });
        if (result.status === "failed") throw result.error;
      } finally {
        await lab[Symbol.asyncDispose]();
      }
    },
  };
}

function openReference(root: string, project: string): Stack {
  const home = `${root}-home`;
  const options = { cwd: root, env: { HOME: home, OUTER: "outer" }, seconds: 120 };
  const compose = ["docker", "compose", "--project-name", project];
  return {
    project,
    prepare: async () => {
      await mkdir(home, { recursive: true });
    },
    async up() {
      const argv = [...compose, "up", "--detach", "--wait", "--remove-orphans", "--timeout", "1"];
      const { exitCode, stderr } = await askReference(argv, options);
      // `--wait` has exit code 1 when a container ends or its healthcheck is disabled (2.26), but the stack is up.
      return exitCode === 0 || /exited \(0\)|has no healthcheck configured/.test(stderr.toString());
    },
    async down({ volumes }) {
      const all = ["--remove-orphans", "--timeout", "1", ...(volumes ? ["--volumes"] : [])];
      await requireReference([...compose, "down", ...all], options);
    },
  };
}
