import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { expect, test } from "vitest";
import { workspaceRoot } from "./published-packages.js";

interface Component {
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly unknown[];
  readonly properties: readonly { readonly name: string; readonly value: string }[];
}

const cli = join(workspaceRoot, "apps/cli");
const readText = (name: string) => readFileSync(join(cli, name), "utf8");
const notices = readText("THIRD-PARTY.txt");
const sbom = readText("sbom.cdx.json");
const components: readonly Component[] = JSON.parse(sbom).components;

/** What the bundler says it put into the bundle, as `NAME VERSION`: from the paths in pnpm's store, which say both. */
function readBundled() {
  const modules: Record<string, readonly string[]> = JSON.parse(readText("dist/bundle-modules.json"));
  const ids = Object.values(modules).flat();
  const thirdParties = ids.flatMap((id) => {
    const [, folder, name] = /\.pnpm\/([^/]+)\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id) ?? [];
    return folder === undefined || name === undefined ? [] : [`${name} ${versionIn(folder, name)}`];
  });
  const own = ids.flatMap((id) => /^packages\/[^/]+/.exec(id)?.[0] ?? []);
  return { thirdParties: [...new Set(thirdParties)], own: [...new Set(own)], all: ids };
}

// `@scope+name@1.2.3_peer@4.5.6`
function versionIn(folder: string, name: string): string {
  const [version = ""] = folder.slice(name.replace("/", "+").length + 1).split("_");
  return version;
}

const labelOf = ({ group, name, version }: Component) =>
  `${group === undefined ? name : `${group}/${name}`} ${version}`;
const deliveredAs = (kind: string) =>
  components.filter(({ properties }) =>
    properties.some(({ name, value }) => name === "otto:delivery" && value === kind),
  );

function rolldownLabel() {
  const { version } = JSON.parse(readText("node_modules/rolldown/package.json"));
  return `rolldown ${version}`;
}

test("THIRD-PARTY.txt has each third party of the bundle, the bundler's runtime too, with a licence text", () => {
  const { thirdParties, all } = readBundled();
  expect(all.some((id) => id.includes("\0rolldown/"))).toBe(true);
  const [head = "", ...sections] = notices.split(/^-{80}\n(?=.+ \d+\.\d+\.\d+.*\nLicense: )/m);
  const titles = sections.map((section) => section.split("\n")[0]);
  expect(thirdParties.length).toBeGreaterThan(40);
  expect([...titles].sort()).toEqual([...thirdParties, rolldownLabel()].sort());
  expect(head).toContain(`code of ${titles.length} packages`);
  const bare = sections.filter(
    (section) => !/copyright|permission|apache license/i.test(section) || section.length < 500,
  );
  expect(bare).toEqual([]);
});

test("the bill of materials has what the bundle holds, otto's packages too, and their licences", () => {
  const { thirdParties, own } = readBundled();
  const ownLabels = own.map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(workspaceRoot, folder, "package.json"), "utf8"));
    return `${name} ${version}`;
  });
  const bundled = deliveredAs("bundled").map(labelOf);
  expect([...bundled].sort()).toEqual([...thirdParties, ...ownLabels, rolldownLabel()].sort());
  expect(components.filter(({ licenses = [] }) => licenses.length === 0).map(labelOf)).toEqual([]);
  expect(components.find(({ name }) => name === "dockerignore" && name)?.purl).toMatch(
    /^pkg:npm\/%40\w+\/dockerignore@\d/,
  );
});

test("the bill of materials is CycloneDX 1.6", async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
  expect(await validator.validate(sbom)).toBeNull();
  expect(await validator.validate(sbom.replace('"type": "library"', '"type": "book"'))).not.toBeNull();
});
