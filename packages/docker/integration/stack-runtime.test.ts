import { execFile } from "node:child_process";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { composePs, composeUp, type DockerContainerHost, type Parent } from "@otto/docker";
import { dockerd, startEngine, startLab } from "@otto/lab";
import { expect, test } from "vitest";
import { placeStackRepo } from "./stack-lab.js";

const execute = promisify(execFile);

/** runc; what creates a container may write 100 kB to a file, which kills it, `failures` times. */
const runtime = (directory: string, failures: number) => `#!/bin/sh
case " $* " in *" create "*)
  for n in $(seq ${failures}); do mkdir "${directory}/failed$n" 2>/dev/null && { ulimit -f 200; break; }; done
esac
exec runc "$@"
`;

const compose = `services:
  a: { image: "$IMAGE", init: true, network_mode: none }
  b: { image: "$IMAGE", init: true, network_mode: none, depends_on: [a] }
`;

interface Placed {
  readonly parent: Parent;
  /** What `up` warned of. */
  readonly warnings: readonly string[];
  readonly up: () => Promise<Record<string, DockerContainerHost>>;
}

/** Uses a stack on an engine of its own, whose runtime fails at its first starts. */
async function upOnFailing(failures: number, use: (placed: Placed) => Promise<void>) {
  const running = await startLab({ hosts: { parent: {} }, engineAccess: "group" });
  const path = join(running.directory, "runtime");
  await writeFile(path, runtime(running.directory, failures));
  await chmod(path, 0o755);
  const options = ["--add-runtime", `failing=${path}`, "--default-runtime", "failing"];
  await using engine = await startEngine((places) => [...dockerd(places), ...options]);
  const docker = { command: ["docker", "--host", engine.address], socket: engine.socketPath };
  await using placed = await placeStackRepo(running, compose, { docker });
  await execute("sh", ["-c", 'docker save "$1" | docker --host "$2" load', "sh", placed.stack.image, engine.address]);
  const warnings: string[] = [];
  const { repo, lab } = placed;
  const up = () =>
    composeUp(repo, lab, { onEvent: (event) => event.type === "compose.warning" && warnings.push(event.message) });
  await use({ up, parent: lab.parentFor(repo), warnings });
}

test("a start that the runtime itself fails is done once more, and said", () =>
  upOnFailing(1, async ({ up, warnings }) => {
    const { a, b } = await up();
    expect(await Promise.all([a, b].map((host) => host?.exec(["true"])))).toMatchObject([
      { exitCode: 0 },
      { exitCode: 0 },
    ]);
    expect(warnings).toEqual([expect.stringMatching(/once more: .*OCI runtime create failed.*init-p/)]);
  }));

test("a runtime that goes on failing fails the up by its own words, and nothing is left", () =>
  upOnFailing(9, async ({ up, parent, warnings }) => {
    await expect(up()).rejects.toMatchObject({
      code: "COMPOSE_UP_FAILED",
      message: expect.stringContaining("init-p"),
      details: { output: expect.stringMatching(/OCI runtime create failed.*init-p/) },
    });
    expect(warnings).toHaveLength(1);
    expect(await composePs(parent)).toEqual([]);
  }));
