import type { Finding, Tally } from "./search.js";

/** A finding, with what repeats it alone. */
export function formatFinding({ verb, seed, input, differences }: Finding): string {
  const lines = differences
    .slice(0, 10)
    .map(({ fact, ours, reference }) => `  ${fact}\n    otto       ${show(ours)}\n    reference  ${show(reference)}`);
  const repeat = `pnpm differential ${verb} --seed ${seed} --cases 1`;
  return `\nNEW DIFFERENCE: ${verb}; to repeat: ${repeat}\n${lines.join("\n")}\n  input ${JSON.stringify(input)}`;
}

function show(value: string | undefined): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}… (${text.length} characters)` : text;
}

/** Whether there is a new difference, or a verb of which nothing was compared. */
export function isRed(tallies: readonly Tally[]): boolean {
  return tallies.some((tally) => tally.fresh > 0 || comparedNothing(tally));
}

function comparedNothing({ cases, facts, refused }: Tally): boolean {
  return facts === 0 || refused === cases;
}

export function formatTallies(tallies: readonly Tally[], minutes: number): string {
  const lines = tallies.map((tally) => {
    const { verb, cases, facts, refused, known, fresh } = tally;
    const nothing = comparedNothing(tally) ? "; NOTHING WAS COMPARED" : "";
    const rows = [...known].map(([difference, count]) => `\n    ${count} × ${difference}`).join("");
    return `  ${verb}: ${cases} cases, ${facts} facts, ${refused} refused by both, ${fresh} new differences${nothing}${rows}`;
  });
  return `\n${minutes.toFixed(1)} minutes\n${lines.join("\n")}`;
}
