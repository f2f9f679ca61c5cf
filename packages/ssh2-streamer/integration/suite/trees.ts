import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import type { SshSession } from "ssh2-streamer";
import { test } from "vitest";

/** What `sendTree` owes. @param directory of this machine, for what the tests write */
export function testTrees(session: () => SshSession, directory: () => string): void {
  // The login of the session may be another one than this process.
  const makeDirectory = async (prefix: string) => {
    const made = await mkdtemp(join(directory(), prefix));
    await chmod(made, 0o777);
    return made;
  };

  test("a tree arrives with its contents, modes and links, in a directory that is made", async ({ expect }) => {
    const root = await makeDirectory("tree-");
    const tree = join(root, "tree");
    await mkdir(join(tree, "empty"), { recursive: true });
    await writeFile(join(tree, "a b"), "text", { mode: 0o755 });
    await symlink("a b", join(tree, "link"));
    const target = join(root, "new", "it's here");
    await session().sendTree(spawn("tar", ["-cf", "-", "-C", tree, "."]).stdout.pipe(new PassThrough()), target);
    expect((await readdir(target)).toSorted()).toEqual(["a b", "empty", "link"]);
    expect(await readFile(join(target, "link"), "utf8")).toBe("text");
    expect((await stat(join(target, "a b"))).mode & 0o777).toBe(0o755);
  });

  test("a tree that cannot be unpacked says what tar said", async ({ expect }) => {
    const target = await makeDirectory("broken-");
    const broken = session().sendTree(Readable.from([Buffer.alloc(2048, "x")]), target);
    await expect(broken).rejects.toMatchObject({
      code: "COMMAND_FAILED",
      message: expect.stringContaining("tar") as string,
    });
  });
}
