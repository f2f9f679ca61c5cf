import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type CommandResult, DockerContainerHost, type Parent } from "@otto/hosts";
import type { RemoteProcess } from "ssh2-streamer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Parents, startParents, ways } from "./conformance-parents.js";
import { type LabelledContainer, runLabelled } from "./labelled-container.js";
import { createShellImage } from "./shell-images.js";

interface Setting {
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** What parents and containers have in common, by one name for each option. */
interface Host {
  exec(command: string | readonly string[], setting?: Setting): Promise<CommandResult>;
  spawn(argv: readonly string[]): Promise<RemoteProcess>;
}

const shells = ["dash", "bash", "busybox", "none"] as const;
const kinds = [...ways, ...shells.map((shell) => `container, shell: ${shell}` as const)];
const cleanUps: (() => PromiseLike<unknown>)[] = [];
const hosts = new Map<string, Host>();
let parents: Parents;
/** Of this machine and of the containers. */
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "otto-start-"));
  cleanUps.push(() => rm(directory, { recursive: true }));
  await chmod(directory, 0o755);
  await writeFile(join(directory, "no-program"), "text", { mode: 0o644 });
  parents = await startParents();
  cleanUps.push(() => parents[Symbol.asyncDispose]());
  for (const way of ways) hosts.set(way, parentHost(parents.byWay[way]));
  for (const shell of shells) hosts.set(`container, shell: ${shell}`, await startContainerHost(shell));
});

afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

function parentHost(parent: Parent): Host {
  return {
    exec: (command, { directory: cwd, ...rest } = {}) => parent.exec(command, { cwd, ...rest }),
    spawn: (argv) => parent.spawn(argv),
  };
}

async function startContainerHost(shell: (typeof shells)[number]): Promise<Host> {
  const image = await createShellImage(shell);
  cleanUps.push(() => image[Symbol.asyncDispose]());
  const names = { project: image.tag.replace(":latest", ""), service: "api" };
  const flags = ["--volume", `${directory}:${directory}`];
  const container: LabelledContainer = await runLabelled({ image: image.tag, ...names, flags });
  cleanUps.push(() => container[Symbol.asyncDispose]());
  const { engine } = parents.byWay["ssh through a bastion"];
  const host = new DockerContainerHost({ id: `inner.start.${shell}`, ...names, replica: 1, engine });
  cleanUps.push(() => host[Symbol.asyncDispose]());
  return {
    exec: (command, { directory: workdir, ...rest } = {}) => host.exec(command, { workdir, ...rest }),
    spawn: (argv) => host.spawn(argv),
  };
}

const neverRan = { code: "HOST_COMMAND_NOT_STARTED" };

describe.each(kinds)("a program on a host (%s)", (kind) => {
  const host = () => hosts.get(kind) as Host;

  test.each<[string, Setting]>([
    ["without stdin", {}],
    ["with stdin", { stdin: "" }],
    ["with variables", { env: { KEY: "value" } }],
  ])("that is not there or may not be run is told from one that ends with its exit code, %s", async (_, setting) => {
    for (const argv of [["no-such-program", "x"], ["/no/such/program"], [directory], [join(directory, "no-program")]]) {
      await expect(host().exec(argv, setting)).rejects.toMatchObject({
        ...neverRan,
        message: expect.stringContaining(argv[0] ?? "") as string,
      });
    }
    await expect(host().exec(["true"], { ...setting, directory: "/no/such" })).rejects.toMatchObject(neverRan);
    for (const code of [126, 127, 255]) {
      expect(await host().exec(["awk", `BEGIN { exit ${code} }`], setting)).toMatchObject({ exitCode: code });
    }
  });

  test("that is spawned and not there makes its end an error", async () => {
    const ending = host()
      .spawn(["no-such-program"])
      .then(async (started) => {
        started.stdout.resume();
        started.stderr.resume();
        return await started.exit;
      });
    await expect(ending).rejects.toMatchObject(neverRan);
  });

  test("that is spawned has its stderr to the byte, and its exit code", async () => {
    const started = await host().spawn(["awk", 'BEGIN { printf "no newline" > "/dev/stderr"; exit 127 }']);
    started.stdout.resume();
    expect([await text(started.stderr), await started.exit]).toEqual(["no newline", { exitCode: 127 }]);
  });

  test("has its variables as they were given, whatever their names", async () => {
    const names = [
      "mark",
      "code",
      "self",
      "watcher",
      "pid",
      "left",
      "signal",
      "line",
      "found",
      "stat",
      "among",
      "otto",
    ];
    const env = Object.fromEntries(names.map((name) => [name, `it's\n$${name}`]));
    for (const setting of [{ env }, { env, stdin: "" }]) {
      const script = names.map((name) => `printf "%s|", ENVIRON["${name}"]`).join("; ");
      const { stdout } = await host().exec(["awk", `BEGIN { ${script} }`], setting);
      expect(stdout.toString()).toBe(names.map((name) => `it's\n$${name}|`).join(""));
    }
  });
});

describe.each(kinds.filter((kind) => !kind.endsWith("none")))("a shell's line on a host (%s)", (kind) => {
  const host = () => hosts.get(kind) as Host;

  test("gives the shell's own exit codes", async () => {
    expect(await host().exec("no-such-program")).toMatchObject({ exitCode: 127 });
    expect(await host().exec(directory)).toMatchObject({ exitCode: 126 });
    expect(await host().exec("exec no-such-program")).toMatchObject({ exitCode: 127 });
  });

  test("of which a process is left holds the call until its outputs are closed", async () => {
    const { stdout, exitCode } = await host().exec("(sleep 1; echo late) & exit 127");
    expect([stdout.toString(), exitCode]).toEqual(["late\n", 127]);
  });
});
