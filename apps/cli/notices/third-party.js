import { readLicenceText } from "./bundled-packages.js";

const rule = "-".repeat(80);

/** The text of THIRD-PARTY.txt: whose code a bundle holds, under which licences, and their words. */
export function formatNotices(packages) {
  const foreign = packages.filter(({ isOwn }) => !isOwn);
  const sections = foreign.map((found) => {
    const { name, version, license } = found.manifest;
    return [rule, `${name} ${version}`, `License: ${license}`, rule, readLicenceText(found)].join("\n");
  });
  const head = `The files under bundle/ hold code of ${foreign.length} packages beside otto's own. Their licences follow.`;
  return `${[head, ...sections].join("\n\n")}\n`;
}
