import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { layBusybox, type TestImage } from "@otto/lab";

const execute = promisify(execFile);

/** What `/bin/sh` is in an image, or that there is none. Its other programs are busybox's. */
export type ImageShell = "dash" | "bash" | "busybox" | "none";

const busyboxShells = ["sh", "ash", "hush", "bash"];

/** Makes an image with that shell and no other, from programs of this machine. */
export async function createShellImage(shell: ImageShell): Promise<TestImage> {
  const tag = `otto-shell-${shell}-${randomBytes(4).toString("hex")}:latest`;
  const root = await mkdtemp(join(tmpdir(), "otto-shell-"));
  try {
    await layBusybox(root);
    if (shell !== "busybox") {
      for (const name of busyboxShells) await rm(join(root, "bin", name), { force: true });
    }
    if (shell === "dash" || shell === "bash") await layProgram(root, `/bin/${shell}`, "/bin/sh");
    const script = `tar -C "$1" -c . | docker import -c 'CMD ["/bin/sleep","infinity"]' - "$2"`;
    await execute("sh", ["-c", script, "sh", root, tag]);
  } finally {
    await rm(root, { recursive: true });
  }
  return {
    tag,
    [Symbol.asyncDispose]: async () => {
      await execute("docker", ["image", "rm", "--force", tag]);
    },
  };
}

/** Copies a program under another name, and the libraries that it needs under theirs. */
async function layProgram(root: string, program: string, path: string): Promise<void> {
  const { stdout } = await execute("ldd", [program]);
  const libraries = stdout.match(/\/\S+/g) ?? [];
  for (const [source, target] of [[program, path], ...libraries.map((library) => [library, library])] as const) {
    await mkdir(dirname(join(root, target)), { recursive: true });
    await copyFile(await realpath(source), join(root, target));
  }
}
