import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./command.js";

const busybox = "/bin/busybox";

/** An image on this machine's engine, removed when disposed. */
export interface TestImage extends AsyncDisposable {
  readonly tag: string;
}

/**
 * Makes a small image with a shell and the usual tools from this machine's static busybox; no registry is asked.
 * @param tag `name:tag`; removed on disposal, so choose one of your own
 */
export async function createBusyboxImage(tag: string): Promise<TestImage> {
  const root = await mkdtemp(join(tmpdir(), "otto-busybox-"));
  try {
    await layBusybox(root);
    await runCommand("sh", [
      "-c",
      `tar -C "$1" -c . | docker import -c 'CMD ["/bin/sleep","infinity"]' - "$2"`,
      "sh",
      root,
      tag,
    ]);
  } finally {
    await rm(root, { recursive: true });
  }
  return {
    tag,
    [Symbol.asyncDispose]: async () => {
      await runCommand("docker", ["image", "rm", "--force", tag]);
    },
  };
}

/** Lays `bin` with busybox and a link for each of its commands, `etc` and `tmp` under `root`. */
export async function layBusybox(root: string): Promise<void> {
  for (const directory of ["bin", "etc", "tmp"]) await mkdir(join(root, directory), { recursive: true });
  await copyFile(busybox, join(root, "bin/busybox"));
  const stdout = await runCommand(busybox, ["--list"]);
  const names = stdout.split("\n").filter((name) => name !== "" && name !== "busybox");
  await Promise.all(names.map((name) => symlink("busybox", join(root, "bin", name))));
}
