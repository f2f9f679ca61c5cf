import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import type { Parent } from "@otto/hosts";
import { expect, test } from "vitest";

/** What a parent owes besides what every host does: its engine, trees, and signals by their names. */
export function testParent(parent: () => Parent, directory: () => string): void {
  test("unpacks a tree with contents, modes and links, in a directory that is made", async () => {
    const root = await mkdtemp(join(directory(), "tree-"));
    const tree = join(root, "tree");
    await mkdir(join(tree, "empty"), { recursive: true });
    await writeFile(join(tree, "a b"), "text", { mode: 0o755 });
    await symlink("a b", join(tree, "link"));
    const target = join(root, "new", "it's here");
    await parent().sendTree(packTree(tree), target);
    expect((await readdir(target)).toSorted()).toEqual(["a b", "empty", "link"]);
    expect([await readFile(join(target, "a b"), "utf8"), await readlink(join(target, "link"))]).toEqual([
      "text",
      "a b",
    ]);
    expect((await stat(join(target, "a b"))).mode & 0o777).toBe(0o755);
  });

  test("says what tar said of a tree that cannot be unpacked, and what broke the source", async () => {
    const target = await mkdtemp(join(directory(), "broken-"));
    await expect(parent().sendTree(Readable.from([Buffer.alloc(2048, "x")]), target)).rejects.toMatchObject({
      code: "COMMAND_FAILED",
      message: expect.stringContaining("tar") as string,
    });
    const source = new PassThrough();
    const sending = parent().sendTree(source, target);
    source.write(Buffer.alloc(512));
    source.destroy(new Error("the disk is gone"));
    await expect(sending).rejects.toThrow("the disk is gone");
  });

  test("reaches its engine, with many requests at once", async () => {
    const versions = await Promise.all(Array.from({ length: 20 }, () => parent().engine.version()));
    expect(new Set(versions.map(({ version }) => version)).size).toBe(1);
    expect(versions[0]?.version).toMatch(/^\d+\./);
    expect(Array.isArray(await parent().engine.listContainers())).toBe(true);
  });

  test("names the signal that ended a process", async () => {
    const started = await parent().spawn(["sleep", "60"]);
    for (const stream of [started.stdout, started.stderr]) stream.resume();
    started.kill("SIGTERM");
    expect(await started.exit).toMatchObject({ exitCode: undefined, signal: "SIGTERM" });
  });
}

function packTree(tree: string): Readable {
  return spawn("tar", ["-cf", "-", "-C", tree, "."]).stdout.pipe(new PassThrough());
}
