import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readErrorCatalogue } from "./error-catalogue.js";
import { formatErrorPage } from "./error-page.js";
import { listRows, replaceTable } from "./package-table.js";
import { readPodmanRows, replacePodmanTable } from "./podman-table.js";
import { formatTroubleshooting, readSymptoms } from "./troubleshooting-page.js";
import { listPackages } from "./workspace-package.js";

// pnpm docs:write: writes docs/errors.md, docs/troubleshooting.md and the tables of packages (README.md) and of Podman (how-to/engine.md) anew.
const root = resolve(import.meta.dirname, "../../..");
const packages = listPackages(root);

const { sections, gaps } = readErrorCatalogue(packages, join(root, "tooling/docs/cures.yaml"));
writeFileSync(join(root, "docs/errors.md"), formatErrorPage(sections));
const symptoms = readSymptoms(join(root, "tooling/docs/symptoms.yaml"));
writeFileSync(join(root, "docs/troubleshooting.md"), formatTroubleshooting(symptoms, sections));

const readme = join(root, "README.md");
writeFileSync(readme, replaceTable(readFileSync(readme, "utf8"), listRows(packages)));

const enginePage = join(root, "docs/how-to/engine.md");
writeFileSync(enginePage, replacePodmanTable(readFileSync(enginePage, "utf8"), readPodmanRows(root)));

for (const gap of gaps) console.error(gap);
process.exitCode = gaps.length > 0 ? 1 : 0;
