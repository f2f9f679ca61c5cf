import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { composeUp } from "@otto/docker";
import { dockerd, type EngineProgram, startEngine, startLab } from "@otto/lab";
import { expect, test } from "vitest";
import { placeStackRepo } from "./stack-lab.js";

const execute = promisify(execFile);

const compose = `services:
  a:
    image: "$IMAGE"
    init: true
    network_mode: none
    secrets: [own, all]
    volumes: ["./own.txt:/own:ro", "./all.txt:/all:ro"]
secrets: { own: { file: own.txt }, all: { file: all.txt } }
`;
const read = "cat /own /run/secrets/own; cat /all /run/secrets/all";

test("where a container's root is another user, files are as readable as docker compose has them", async () => {
  const directory = await mkdtemp(join(tmpdir(), "otto-userns-"));
  const ranges = join(directory, "ranges");
  await writeFile(ranges, "nobody:200000:65536\nnogroup:200000:65536\n");
  // In a mount namespace of its own: the ranges are no matter of the machine.
  const mount = 'for file in /etc/subuid /etc/subgid; do mount --bind "$0" "$file" || exit 1; done; exec "$@"';
  const program: EngineProgram = (places) => {
    const [unshare = "", ...words] = dockerd(places);
    const at = words.indexOf("dockerd");
    return [
      unshare,
      ...words.slice(0, at),
      "sh",
      "-c",
      mount,
      ranges,
      ...words.slice(at),
      "--userns-remap",
      "nobody:nogroup",
    ];
  };
  await using engine = await startEngine(program);
  const client = ["docker", "--host", engine.address];
  const running = await startLab({ hosts: { parent: {} }, engineAccess: "group" });
  await using placed = await placeStackRepo(running, compose, {
    docker: { command: client, socket: engine.socketPath },
    files: { "own.txt": "own\n", "all.txt": "all\n" },
  });
  const { stack, lab, repo } = placed;
  await chmod(join(stack.root, "own.txt"), 0o600);
  await chmod(join(stack.root, "all.txt"), 0o644);
  await execute("sh", ["-c", 'docker save "$1" | docker --host "$2" load', "sh", stack.image, engine.address]);
  const { a } = await composeUp(repo, lab);
  const ours = await a?.exec(read);

  const itself = [...client.slice(1), "compose", "--project-name", "itself", "--project-directory", stack.root];
  await execute("docker", [...itself, "up", "--detach"]);
  const inIt = execute("docker", [...itself, "exec", "-T", "a", "sh", "-c", read]);
  const theirs = await inIt.catch((error: { stdout: string; stderr: string }) => error);
  await execute("docker", [...itself, "down", "--timeout", "0"]);
  await rm(directory, { recursive: true });
  expect(theirs.stderr).toMatch(/own.*Permission denied.*secrets\/own.*Permission denied/s);
  expect([ours?.stdout.toString(), ours?.stderr.toString()]).toEqual([theirs.stdout, theirs.stderr]);
  expect(theirs.stdout).toBe("all\nall\n");
});
