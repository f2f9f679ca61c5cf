/** Everything the page says of one package's errors. */
export interface ErrorSection {
  readonly packageName: string;
  /** From `docs/`. */
  readonly link: string;
  readonly errors: readonly { readonly code: string; readonly cause: string; readonly cure: string }[];
}

const head = `# Errors

Every error has a code that stays the same, what was being done, to what and what came back, and, where there is one, the
next step. The command line shows them as \`error[CODE]:\` and \`hint:\`, \`--json\` as a line of the type \`error\` with \`code\`,
\`message\`, \`hint\` and \`details\`; in code it is an \`OttoError\`, recognised by \`isOttoError(error, "CODE")\`. A \`TypeError\` is a
call that is wrong in itself.

`;

const tail = `
Written by \`pnpm docs:write\` from the code, the packages' READMEs (what is behind a code) and
[cures.yaml](../tooling/docs/cures.yaml) (what to do).
`;

/** The page of all error codes, by package. */
export function formatErrorPage(sections: readonly ErrorSection[]): string {
  return (
    head +
    sections
      .filter(({ errors }) => errors.length > 0)
      .map(formatSection)
      .join("\n") +
    tail
  );
}

function formatSection({ packageName, link, errors }: ErrorSection): string {
  const entries = errors.map(
    ({ code, cause, cure }) => `### ${code}\n\n${formatSentence(cause)}\n\n**Cure:** ${formatSentence(cure)}\n`,
  );
  return `## [${packageName}](${link})\n\n${entries.join("\n")}`;
}

/** The text with a capital at its begin and a full stop at its end. */
export function formatSentence(text: string): string {
  const [first = "", ...rest] = text;
  return `${first.toUpperCase()}${rest.join("")}${/[.!?]$/.test(text) ? "" : "."}`;
}
