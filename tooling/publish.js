// Publishes the packages whose version is new, with provenance: the registry records which workflow of which commit built
// them. So it runs in a workflow that may ask for an identity token (GitHub: `permissions: id-token: write`), on a tree
// with nothing uncommitted, after ./tooling/test. `--dry-run` does everything but the upload, anywhere.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const isDryRun = process.argv.includes("--dry-run");

function run(program, ...words) {
  execFileSync(program, words, { cwd: root, stdio: "inherit" });
}

function refuse(reason) {
  console.error(`publish: ${reason}`);
  process.exit(1);
}

// Provenance is refused where a package names another repository than the workflow's.
function nameRepository() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  if (server === undefined || repository === undefined) return;
  for (const group of ["packages", "apps"]) {
    for (const name of readdirSync(join(root, group))) {
      const path = join(root, group, name, "package.json");
      const manifest = JSON.parse(readFileSync(path, "utf8"));
      manifest.repository = { type: "git", url: `git+${server}/${repository}.git`, directory: `${group}/${name}` };
      writeFileSync(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
    }
  }
}

const changes = execFileSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" });
if (!isDryRun && changes !== "") refuse(`there are uncommitted changes:\n${changes}`);
const { ACTIONS_ID_TOKEN_REQUEST_URL: tokenSource } = process.env;
if (!isDryRun && tokenSource === undefined)
  refuse("no identity token can be asked for here, so there would be no provenance; run the release workflow");

run("pnpm", "build");
if (isDryRun) {
  run("pnpm", "--recursive", "publish", "--dry-run", "--no-git-checks", "--no-provenance");
} else {
  nameRepository();
  run("pnpm", "exec", "changeset", "publish");
}
