// Packs every package that is published, after `pnpm build`: DIRECTORY then holds what a release consists of, the tarballs
// and the CLI's bill of materials. It needs no right but to read.
//
//   node tooling/release/pack.js DIRECTORY
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const readManifest = (folder) => JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));

// npm takes provenance only of packages that name the repository of the workflow.
function checkRepository() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  if (server === undefined || repository === undefined) return;
  const expected = `git+${server}/${repository}.git`;
  const { url } = readManifest(".").repository;
  if (url === expected) return;
  console.error(`pack: the workflow runs in ${expected}, and package.json names ${url}: correct repository, homepage and
bugs there, from which those of all packages are made`);
  process.exit(1);
}

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error("usage: pack.js DIRECTORY");
  process.exit(2);
}
checkRepository();
const destination = resolve(directory);
mkdirSync(destination, { recursive: true });
const published = ["packages", "apps"]
  .flatMap((group) => readdirSync(join(root, group)).map((name) => readManifest(join(group, name))))
  .filter((manifest) => manifest.private !== true);
const filters = published.flatMap(({ name }) => ["--filter", name]);
execFileSync("pnpm", ["--recursive", ...filters, "pack", "--pack-destination", destination], {
  cwd: root,
  stdio: ["ignore", "ignore", "inherit"],
});
const { version } = readManifest("apps/cli");
copyFileSync(join(root, "apps/cli/sbom.cdx.json"), join(destination, `otto-cli-${version}.cdx.json`));
console.log(`pack: ${published.length} packages and the bill of materials of the CLI in ${destination}`);
