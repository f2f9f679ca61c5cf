import { formatFinding, formatTallies, isRed, search, verbs } from "@otto/differential";
import { expect, test } from "vitest";

/** The same cases in each run: new ones are for `pnpm differential`, whose findings are news and no fault of a change. */
const seed = 1;
/** Cases of each verb, about two seconds of each. */
const cases: Readonly<Record<string, number>> = { dotenv: 20, ignore: 60, "ssh-config": 40, template: 20, up: 1 };

test.each(verbs)("$name gives what $reference gives", { timeout: 300_000 }, async (verb) => {
  const findings: string[] = [];
  const count = cases[verb.name] ?? 6;
  const tallies = await search([verb], {
    seed,
    goesOn: (done) => done < count,
    onFinding: (finding) => findings.push(formatFinding(finding)),
    shrinkMs: 20_000,
  });
  console.log(`seed ${seed}${formatTallies(tallies, 0)}`);
  expect(findings.join("\n")).toBe("");
  expect(isRed(tallies)).toBe(false);
});
