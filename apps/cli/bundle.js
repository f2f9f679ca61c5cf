// Puts what tsc made, the packages and their dependencies into a few files under bundle/, which bin/otto.js starts:
// finding and reading a thousand small files is most of what a start would take.
import { readFile, rm, writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { listBundledPackages, listInstalledPackages } from "./notices/bundled-packages.js";
import { formatSbom } from "./notices/sbom.js";
import { formatNotices } from "./notices/third-party.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Gives an importer of a whole package (`import *` or `import()`) its own copy of the index. Otherwise importing one name from
 * that index would load the whole package.
 */
const wholePackages = {
  name: "whole-packages",
  async resolveId(source, importer, { kind }) {
    const isWhole = kind === "dynamic-import" || takesAll.test(importer ?? "");
    if (!isWhole || !source.startsWith("@otto/")) return null;
    const found = await this.resolve(source, importer, { skipSelf: true });
    return found && { ...found, id: `${found.id}?whole`, moduleSideEffects: false };
  },
  load: (id) => (id.endsWith("?whole") ? readFile(id.replace("?whole", ""), "utf8") : null),
};
const takesAll = /packages\/instructions\/dist\/module-loader\.js$/;

// ssh2 has a native part; jiti loads its compiler from beside its own file.
const external = ["jiti", "ssh2"];

await rm(here("bundle"), { recursive: true, force: true });
const build = await rolldown({
  input: {
    start: here("dist/start.js"),
    // What bin/otto.js calls before it imports `start`.
    "compile-cache": here("dist/compile-cache.js"),
    // What programs import.
    index: here("dist/index.js"),
    // A thread of @otto/context, which looks for it beside its own file.
    "digest-worker": here("../../packages/context/dist/digest-worker.js"),
    // A program that ssh2-streamer starts, found likewise.
    keeper: here("../../packages/ssh2-streamer/dist/keep/keeper.js"),
  },
  platform: "node",
  plugins: [wholePackages],
  // Of modules that one command loads late and another at once.
  checks: { ineffectiveDynamicImport: false },
  external,
  resolve: { mainFields: ["module", "main"] },
});
const { output } = await build.write({
  dir: here("bundle"),
  minify: { compress: true, mangle: { keepNames: true }, codegen: true },
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
});

// For the test of what a command loads.
const modules = output.flatMap(({ fileName, moduleIds = [] }) => [
  [fileName, moduleIds.map((id) => relative(root, id))],
]);
await writeFile(here("dist/bundle-modules.json"), JSON.stringify(Object.fromEntries(modules)));

const bundled = listBundledPackages(
  output.flatMap(({ moduleIds = [] }) => moduleIds),
  here("node_modules/rolldown"),
);
const subject = bundled.find(({ manifest }) => manifest.name === "@otto/cli");
await writeFile(here("THIRD-PARTY.txt"), formatNotices(bundled));
await writeFile(here("sbom.cdx.json"), formatSbom(subject, bundled, listInstalledPackages(external, here("."))));
