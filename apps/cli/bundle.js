// Puts what tsc made, the packages and their dependencies into a few files under bundle/, which bin/otto.js starts:
// finding and reading a thousand small files is most of what a start would take.
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

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
  // Of modules that one command loads late and another at once.
  checks: { ineffectiveDynamicImport: false },
  // ssh2 has a native part; jiti loads its compiler from beside its own file.
  external: ["jiti", "ssh2"],
  resolve: { mainFields: ["module", "main"] },
});
await build.write({
  dir: here("bundle"),
  minify: { compress: true, mangle: { keepNames: true }, codegen: true },
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  codeSplitting: {
    groups: [
      // A group takes along what it imports: what every start needs must not be with what the next one does.
      { name: "errors", test: /packages\/errors\/dist\//, priority: 1 },
      // Completion reads the text of instructions; left with the rest of their package, it would load jiti and docker at a key.
      { name: "outline", test: /packages\/instructions\/dist\/(outline|modules|option)\.js$/ },
    ],
  },
});
