import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { composeDown, composeUp, formatUpStep, planComposeUp } from "@otto/docker";
import { startLab } from "@otto/lab";
import { expect, test } from "vitest";
import { left, nothing, placeStackRepo } from "./stack-lab.js";

const execute = promisify(execFile);

test("files that a container's root owns block neither up nor down of a login without root", async () => {
  const running = await startLab({ hosts: { parent: { authentication: ["password"] } } });
  const compose = `services:
  a: { image: "$IMAGE", init: true, volumes: ["./data:/data"] }
`;
  await using placed = await placeStackRepo(running, compose, { files: { "data/sub/shipped": "1\n" } });
  const { stack, lab, repo } = placed;
  const { a } = await composeUp(repo, lab);
  await a?.exec("mkdir -p /data/own/deep; echo x > /data/own/deep/file; chown -R 0:0 /data; chmod 700 /data /data/own");
  await stack.write("data/sub/shipped", "2\n");
  const again = await composeUp(repo, lab);
  const seen = await again.a?.exec("cat /data/sub/shipped /data/own/deep/file");
  expect(seen?.stdout.toString()).toBe("2\nx\n");
  expect(await composeDown(repo, lab)).toMatchObject({ status: "success" });
  expect(await left(stack.project)).toEqual(nothing);
  const parent = lab.parentFor(repo);
  const trees = await parent.exec("ls -A ~/.cache/otto/stacks");
  expect(trees.stdout.toString()).toBe("");
});

const built = `services:
  app: { build: { context: app, dockerfile: Dockerfile }, init: true, command: ["sleep", "infinity"] }
`;

const leave = "app: leave (it runs as declared)";
const recreate = "app: recreate (its build context changed)";

// Which Dockerfile a context is built by is not known where it is sent, so one with rules of its own has all of it sent.
test.each([
  ["app/.dockerignore", "", leave],
  ["app/Dockerfile.dockerignore", "blob noise.log", recreate],
])(
  "a context that compose builds is built by what %s says; what of it is sent is what matters",
  async (ignoreFile, ignoredSent, afterIgnoredEdit) => {
    const running = await startLab({ hosts: { parent: {} } });
    const files = {
      "app/Dockerfile": "FROM $IMAGE\nCOPY . /app\n",
      [ignoreFile]: "*.log\n!keep.log\nbig\nDockerfile*\n.dockerignore\n",
      "app/file.txt": "1\n",
      "app/noise.log": "1\n",
      "app/keep.log": "1\n",
      "app/big/blob": "1\n",
    };
    await using placed = await placeStackRepo(running, built, { files });
    const { stack, lab, repo } = placed;
    await using _image = { [Symbol.asyncDispose]: () => removeImage(`${stack.project}-app`) };
    const plan = async () => (await planComposeUp(repo, lab)).map(formatUpStep);
    const listed = async () => (await composeUp(repo, lab)).app?.exec("cd /app && find . -type f | sort; cat file.txt");
    expect((await listed())?.stdout.toString()).toBe("./file.txt\n./keep.log\n1\n");
    const find = "find ~/.cache/otto/stacks '(' -name noise.log -o -name blob ')' -exec basename {} ';' | sort | xargs";
    expect((await lab.parentFor(repo).exec(find)).stdout.toString().trim()).toBe(ignoredSent);
    await stack.write("app/file.txt", "2\n");
    expect(await plan()).toEqual([recreate]);
    expect((await listed())?.stdout.toString()).toBe("./file.txt\n./keep.log\n2\n");
    await stack.write("app/noise.log", "2\n");
    expect(await plan()).toEqual([afterIgnoredEdit]);
    await composeDown(repo, lab);
  },
);

async function removeImage(tag: string): Promise<void> {
  await execute("docker", ["image", "rm", "--force", tag]);
}
