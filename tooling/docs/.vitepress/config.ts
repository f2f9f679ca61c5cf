import { existsSync, readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { headingId, readMenu, searchOptions, siteLink, sitePathOf } from "@otto/docs";
import { defineConfig } from "vitepress";

// pnpm docs:site: the repository's pages as they lie there, so that each has the same links in both places.
const root = resolve(import.meta.dirname, "../../..");
const { homepage } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const url = homepage.replace(/#.*/, "");
// The site has no page of a directory whose name begins with a dot.
const isPage = (path: string) => !path.startsWith(".") && existsSync(join(root, path));

const menu = readMenu(readFileSync(join(root, "docs/README.md"), "utf8"), (link) => {
  const target = siteLink("docs/README.md", link, { isPage, url });
  return target.startsWith("./") ? posix.join("/docs", target) : undefined;
});
const hasReference = isPage("docs/reference/README.md");

export default defineConfig({
  title: "otto",
  description: "Build container images and run Compose stacks on a remote machine over SSH.",
  srcDir: root,
  srcExclude: ["**/test-results/**", ".changeset/**"],
  cacheDir: "node_modules/.vitepress",
  rewrites: sitePathOf,
  // Pages are text: what looks like Vue's `{{ }}` is Docker's or Go's.
  vue: { template: { compilerOptions: { delimiters: ["\u0001{", "}\u0001"] } } },
  markdown: {
    anchor: { slugify: headingId },
    config: (markdown) => {
      markdown.core.ruler.push("repository-links", ({ tokens, env }) => {
        const links = tokens.flatMap(({ children }) => children ?? []).filter(({ type }) => type === "link_open");
        for (const link of links) {
          link.attrSet("href", siteLink(env.relativePath, link.attrGet("href") ?? "", { isPage, url }));
        }
      });
    },
  },
  vite: {
    plugins: [
      {
        // Pages become components of Vue, which lies in this package and not where the pages lie.
        name: "vue-for-pages",
        enforce: "pre",
        resolveId(id, importer) {
          const isOfPage = /^vue(?:\/|$)/.test(id) && importer?.endsWith(".md") === true;
          return isOfPage ? this.resolve(id, join(import.meta.dirname, "config.ts"), { skipSelf: true }) : undefined;
        },
      },
    ],
  },
  themeConfig: {
    outline: [2, 3],
    nav: [
      { text: "Install", link: "/docs/install" },
      { text: "Getting started", link: "/docs/getting-started" },
      { text: "Troubleshooting", link: "/docs/troubleshooting" },
      ...(hasReference ? [{ text: "Exports", link: "/docs/reference/" }] : []),
      { text: "Source", link: url },
    ],
    sidebar: menu,
    search: { provider: "local", options: { miniSearch: { searchOptions } } },
  },
});
