// Takes the changesets in: raises the versions, writes the packages' changelogs, and adds to CHANGELOG.md what changed in
// all of them together, under the version that the CLI gets.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const kinds = { major: "Breaking changes", minor: "New", patch: "Fixed" };
const rank = Object.keys(kinds);

/**
 * A section of CHANGELOG.md.
 * @param {string} version
 * @param {readonly string[]} changesets the texts of the files; each stands under the greatest of its changes
 */
export function formatSection(version, changesets) {
  const changes = changesets.map(parseChangeset);
  const parts = rank.flatMap((kind) => {
    const texts = changes
      .filter((change) => change.kind === kind)
      .map(({ text }) => `- ${text.replaceAll(/\n(?=.)/g, "\n  ")}`);
    return texts.length === 0 ? [] : [`### ${kinds[kind]}\n\n${texts.join("\n")}`];
  });
  return `## ${version}\n\n${parts.join("\n\n")}\n`;
}

function parseChangeset(text) {
  const [, head = "", body = ""] = /^---\n(.*?)^---\n(.*)$/ms.exec(text) ?? [];
  const found = [...head.matchAll(/: (major|minor|patch)$/gm)].map(([, kind]) => rank.indexOf(kind));
  return { kind: rank[Math.min(...found)], text: body.trim() };
}

/** Puts a section above the older ones. */
export function addSection(changelog, section) {
  const at = changelog.search(/^## /m);
  return at < 0
    ? `${changelog.trimEnd()}\n\n${section}`
    : `${changelog.slice(0, at)}${section}\n${changelog.slice(at)}`;
}

function main(root) {
  const directory = join(root, ".changeset");
  const names = readdirSync(directory).filter((name) => name.endsWith(".md") && name !== "README.md");
  const changesets = names.sort().map((name) => readFileSync(join(directory, name), "utf8"));
  const tool = resolve(import.meta.dirname, "../../node_modules/@changesets/cli/bin.js");
  execFileSync(process.execPath, [tool, "version"], { cwd: root, stdio: "inherit" });
  const { version } = JSON.parse(readFileSync(join(root, "apps/cli/package.json"), "utf8"));
  const path = join(root, "CHANGELOG.md");
  writeFileSync(path, addSection(readFileSync(path, "utf8"), formatSection(version, changesets)));
  console.log(`version: ${changesets.length} changesets taken in; the CLI is ${version}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main(process.cwd());
