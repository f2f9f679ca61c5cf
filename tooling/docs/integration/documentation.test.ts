import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  formatErrorPage,
  formatThirdParty,
  formatTroubleshooting,
  listPackages,
  readErrorCatalogue,
  readSymptoms,
  readTable,
} from "@otto/docs";
import { expect, test } from "vitest";
import { listPages } from "./pages.js";

const root = resolve(import.meta.dirname, "../../..");
const packages = listPackages(root);
const catalogue = readErrorCatalogue(packages, join(root, "tooling/docs/cures.yaml"));
const read = (path: string) => readFileSync(join(root, path), "utf8");

test("each error code of the code has a cause in its package's README and a cure, and there are no others", () => {
  expect(catalogue.gaps).toEqual([]);
  expect(catalogue.sections.flatMap(({ errors }) => errors).length).toBeGreaterThan(100);
});

test("docs/errors.md is what pnpm docs:write would write", () => {
  expect(read("docs/errors.md")).toBe(formatErrorPage(catalogue.sections));
});

test("docs/troubleshooting.md is what pnpm docs:write would write", () => {
  const symptoms = readSymptoms(join(root, "tooling/docs/symptoms.yaml"));
  expect(read("docs/troubleshooting.md")).toBe(formatTroubleshooting(symptoms, catalogue.sections));
});

test("the README's table names each package with what it is for and what it needs of others", () => {
  const wanted = packages.map((it) => {
    const { name, path, description } = it;
    return { name, path, purpose: description.replace(/[.]$/, ""), thirdParty: formatThirdParty(it, packages) };
  });
  expect(readTable(read("README.md"))).toEqual(wanted);
});

test("npx is given the package's name: otto alone is somebody else's", () => {
  const pages = [...listPages(root), "llms.txt"].map((page) => ({ page, text: read(page) }));
  const commands = pages.flatMap(({ page, text }) =>
    [...text.matchAll(/\b(?:npx|npm exec|pnpm dlx|bunx)((?: [-@]\S+)*) otto\b/g)].map(([, options]) => ({
      page,
      options,
    })),
  );
  expect(commands.filter(({ options }) => options !== " --package @otto/cli")).toEqual([]);
  expect(commands.length).toBeGreaterThan(3);
});

test("every link to a file of the repository leads somewhere", () => {
  // GitHub's own pages of a repository are above its files.
  const ofGitHub = "../../security/advisories/new";
  const pages = [...listPages(root), "llms.txt"];
  const links = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)\s#]+)(?:#[^)]*)?\)/g)].map(([, link = ""]) => ({
      page,
      link,
    })),
  );
  const files = links.filter(({ link }) => link !== ofGitHub);
  expect(files.filter(({ page, link }) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  expect(links.length).toBeGreaterThan(20);
});

test.each(packages)("the README of $name names every export", ({ directory }) => {
  const readme = readFileSync(join(directory, "README.md"), "utf8");
  const index = readFileSync(join(directory, "src/index.ts"), "utf8");
  const names = [...index.matchAll(/export (?:type )?\{([^}]*)\}/g)]
    .flatMap(([, list = ""]) => list.split(","))
    .map((name) => name.replace(/\btype\b/, "").trim())
    .filter((name) => name !== "");
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([]);
});
