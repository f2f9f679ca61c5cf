import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The packages of which a bundle holds modules, each once, by name and version.
 * @param moduleIds rolldown's, all of them: paths, with queries perhaps; the bundler's own begin with a NUL
 * @param runtime the directory of the package whose code the bundler's own modules are
 * @returns {{ directory: string, manifest: Record<string, any>, isOwn: boolean }[]} isOwn: of this workspace
 */
export function listBundledPackages(moduleIds, runtime) {
  const directories = moduleIds.map((id) => (id.startsWith("\0") ? realpathSync(runtime) : packageDirectory(id)));
  return [...new Set(directories)].map(readPackage).sort(byNameAndVersion);
}

/**
 * The packages that an installation brings beside the bundle: those named, and what they need in turn.
 * @param from the directory of the package that needs them
 */
export function listInstalledPackages(names, from) {
  const directories = new Set();
  const add = (name, origin) => {
    const directory = findInstalled(name, origin);
    if (directory === undefined || directories.has(directory)) return;
    directories.add(directory);
    const { dependencies, optionalDependencies } = readPackage(directory).manifest;
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) add(needed, directory);
  };
  for (const name of names) add(name, from);
  return [...directories].map(readPackage).sort(byNameAndVersion);
}

/** As Node looks for it; undefined for an optional package that this machine does not take. */
export function findInstalled(name, from) {
  for (let at = from; at !== dirname(at); at = dirname(at)) {
    try {
      return realpathSync(join(at, "node_modules", name));
    } catch {
      // It is further up, or nowhere.
    }
  }
  return undefined;
}

// The nearest package.json with a name: those further in say only how Node is to read the files beside them.
function packageDirectory(id) {
  const [path] = id.split("?");
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) {
    const manifest = join(at, "package.json");
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name !== undefined) return realpathSync(at);
  }
  throw new Error(`the bundle holds ${id}, which is of no package`);
}

function readPackage(directory) {
  const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  return { directory, manifest, isOwn: !/\/node_modules\//.test(directory) };
}

const byNameAndVersion = (a, b) => (keyOf(a) < keyOf(b) ? -1 : 1);
const keyOf = ({ manifest: { name, version } }) => `${name}@${version}`;

const licenceFile = /^(?:licen[cs]e|copying|notice)(?:[.-][\w.-]+)?$/i;

/**
 * The licence and the notices that a package asks those who pass it on to keep, word by word.
 * @throws Error for a package that has none, and of which `licences/` beside this file has none either
 */
export function readLicenceText({ directory, manifest: { name, version } }) {
  const files = readdirSync(directory).filter((file) => licenceFile.test(file));
  const paths = files.sort().map((file) => join(directory, file));
  if (paths.length === 0) paths.push(join(import.meta.dirname, "licences", `${name.replace("/", "-")}.txt`));
  try {
    return paths.map((path) => readFileSync(path, "utf8").replaceAll("\r\n", "\n").trim()).join("\n\n");
  } catch (cause) {
    const next = `write its licence, word by word as its authors give it, to ${paths[0]}`;
    throw new Error(`${name} ${version} is in the bundle and ships no licence text: ${next}`, { cause });
  }
}
