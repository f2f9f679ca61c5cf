import { execFileSync } from "node:child_process";

/** The repository's pages, from its root: those under version control and those that will be. */
export function listPages(root: string): readonly string[] {
  const argv = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
  return execFileSync("git", argv, { cwd: root, encoding: "utf8" }).trim().split("\n");
}
