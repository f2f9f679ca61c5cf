import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "./command.js";
import { workspaceRoot } from "./published-packages.js";

const script = join(workspaceRoot, "tooling/release/version.js");
const change = '---\n"@otto/errors": patch\n"@otto/cli": minor\n---\n\nErrors say more.\n\nIn two paragraphs.\n';

test("the next versions are a patch that applies to main: versions raised, changes in the changelogs, no changeset left", async () => {
  const scratch = await mkdtemp(join(tmpdir(), "otto-version-"));
  const [preparing, applying] = [join(scratch, "preparing"), join(scratch, "applying")];
  const git = (cwd: string, ...words: string[]) => runCommand(["git", ...words], { cwd });
  try {
    for (const clone of [preparing, applying]) await git(scratch, "clone", "--quiet", "--shared", workspaceRoot, clone);
    // So that there is a change, whether there are others or not.
    await writeFile(join(preparing, ".changeset/of-this-test.md"), change);
    await runCommand([process.execPath, script], { cwd: preparing });
    await git(preparing, "add", "--all");
    const patch = join(scratch, "versions.patch");
    await git(preparing, "diff", "--cached", "--binary", `--output=${patch}`);
    await git(applying, "apply", "--index", patch);

    const versionIn = async (root: string) =>
      JSON.parse(await readFile(join(root, "apps/cli/package.json"), "utf8")).version as string;
    const [before, after] = [await versionIn(workspaceRoot), await versionIn(applying)];
    expect(after).not.toBe(before);
    const changelog = await readFile(join(applying, "CHANGELOG.md"), "utf8");
    expect(changelog).toContain(`## ${after}\n\n`);
    expect(changelog).toContain("- Errors say more.\n\n  In two paragraphs.");
    expect((await readdir(join(applying, ".changeset"))).filter((name) => name.endsWith(".md"))).toEqual(["README.md"]);
    expect(await readFile(join(applying, "packages/errors/CHANGELOG.md"), "utf8")).toContain("Errors say more.");
  } finally {
    await rm(scratch, { recursive: true });
  }
});
