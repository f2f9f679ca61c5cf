// Publishes packed packages to npm, each after those that it depends on; what the registry has already is left alone, so a
// run that broke off can be repeated. It needs Node, npm and tar, and no dependency: it runs with the right to publish,
// which npm gives to this workflow of this repository (trusted publishing), so there is no token. npm records which
// workflow of which commit built each package (provenance).
//
//   node tooling/release/publish.js DIRECTORY                   the *.tgz in it, as tooling/release/pack.js makes them
//   node tooling/release/publish.js DIRECTORY --rehearse URL    to a registry on this machine, without provenance
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { sortByDependencies } from "./dependency-order.js";

const oldestNode = [22, 14, 0];
const oldestNpm = [11, 5, 1];
const loopback = ["localhost", "127.0.0.1", "[::1]"];

function refuse(reason) {
  console.error(`publish: ${reason}`);
  process.exit(1);
}

/** Why the registry would not take packages from here; undefined when it would. */
function findObstacle(rehearsal) {
  if (rehearsal !== undefined)
    return loopback.includes(new URL(rehearsal).hostname) ? undefined : `${rehearsal} is not on this machine`;
  const npm = execFileSync("npm", ["--version"], { encoding: "utf8" }).trim();
  if (isOlder(process.versions.node, oldestNode)) return `Node ${process.versions.node} is older than 22.14`;
  if (isOlder(npm, oldestNpm)) return `npm ${npm} is older than 11.5.1, which can publish without a token`;
  const { ACTIONS_ID_TOKEN_REQUEST_URL: tokenSource } = process.env;
  if (tokenSource === undefined)
    return "no identity token can be requested here; run the release workflow, whose publish job has `id-token: write`";
  return undefined;
}

function isOlder(version, oldest) {
  const parts = version.split(".").map((part) => Number.parseInt(part, 10));
  const index = parts.findIndex((part, at) => part !== oldest[at]);
  return index >= 0 && parts[index] < oldest[index];
}

function readTarball(path) {
  const text = execFileSync("tar", ["-xzOf", path, "package/package.json"], { encoding: "utf8" });
  return { path, manifest: JSON.parse(text) };
}

async function isPublished({ name, version }, registry) {
  const url = new URL(name.replace("/", "%2f"), registry);
  const response = await fetch(url, { headers: { accept: "application/vnd.npm.install-v1+json" } });
  if (response.status === 404) return false;
  if (!response.ok) refuse(`${url} answered ${response.status} ${response.statusText}; nothing was published`);
  return version in (await response.json()).versions;
}

const [directory, option, rehearsal] = process.argv.slice(2);
if (directory === undefined || (option !== undefined && (option !== "--rehearse" || rehearsal === undefined)))
  refuse("usage: publish.js DIRECTORY [--rehearse URL]");
const obstacle = findObstacle(rehearsal);
if (obstacle !== undefined) refuse(obstacle);

const registry = rehearsal ?? "https://registry.npmjs.org/";
const files = readdirSync(directory).filter((name) => name.endsWith(".tgz"));
if (files.length === 0) refuse(`${directory} holds no *.tgz`);
const tarballs = sortByDependencies(files.map((name) => readTarball(join(directory, name))));
// All are asked for before the first is published: what is wrong with the registry shows while nothing has happened.
const published = await Promise.all(tarballs.map(({ manifest }) => isPublished(manifest, registry)));
for (const [index, { path, manifest }] of tarballs.entries()) {
  const label = `${manifest.name} ${manifest.version}`;
  if (published[index]) {
    console.log(`${label}: already published`);
    continue;
  }
  const provenance = `--provenance=${rehearsal === undefined}`;
  const options = ["--registry", registry, "--access", "public", "--loglevel", "warn", provenance];
  execFileSync("npm", ["publish", path, ...options], { stdio: ["ignore", "ignore", "inherit"] });
  console.log(`${label}: published`);
}
