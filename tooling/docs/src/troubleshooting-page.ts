import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { type ErrorSection, formatSentence } from "./error-page.js";

/** What a user sees, and the codes of the errors behind it. */
export interface Symptom {
  readonly symptom: string;
  /** Messages of otto, Docker and OpenSSH, as people search for them. */
  readonly seen: readonly string[];
  /** What to run or to know before anything else, in Markdown. */
  readonly first?: string;
  readonly codes: readonly string[];
}

const head = `# Troubleshooting

Find what you see. Under each symptom stand the errors that otto reports for it, each with its cause and what to do; the
code stands in \`error[CODE]:\`, and [errors](errors.md) lists all of them. Two commands help with most problems:

- \`otto doctor HOST\` checks the route to a machine hop by hop, and what it needs there, and prints what to do.
- \`otto COMMAND --log-level debug\` prints what otto does; \`--dry-run\` prints what it would do.
`;

const tail = `
Written by \`pnpm docs:write\` from [symptoms.yaml](../tooling/docs/symptoms.yaml), the packages' READMEs and
[cures.yaml](../tooling/docs/cures.yaml).
`;

export function readSymptoms(path: string): readonly Symptom[] {
  return parse(readFileSync(path, "utf8")) as readonly Symptom[];
}

/**
 * The page of what to do, by symptom.
 * @throws Error when a symptom names a code that no section has
 */
export function formatTroubleshooting(symptoms: readonly Symptom[], sections: readonly ErrorSection[]): string {
  const errors = new Map(sections.flatMap((section) => section.errors.map((error) => [error.code, error] as const)));
  const formatCode = (code: string): string => {
    const error = errors.get(code);
    if (error === undefined) throw new Error(`symptoms.yaml names ${code}, which is no error code`);
    const { cause, cure } = error;
    return `- [${code}](errors.md#${code.toLowerCase()}): ${formatSentence(cause)} **Cure:** ${formatSentence(cure)}\n`;
  };
  const parts = symptoms.map(({ symptom, seen, first, codes }) =>
    [
      `\n## ${symptom}\n`,
      `You see ${seen.map((text) => `\`${text}\``).join(", ")}.\n`,
      ...(first === undefined ? [] : [`${first}\n`]),
      codes.map(formatCode).join(""),
    ].join("\n"),
  );
  return head + parts.join("") + tail;
}
