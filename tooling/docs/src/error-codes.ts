/** Words in the code that look like error codes and are none: environment variables, markers, other tools' codes. */
const otherWords = new Set([
  "AREA_WHAT",
  "BABEL_PARSE_ERROR",
  "DOCKER_CONFIG",
  "INIT_CWD",
  "MODULE_NOT_FOUND",
  "SSH_AUTH_SOCK",
]);
const otherAreas =
  /^(?:DOCKER_(?!CONFIG_INVALID|CREDENTIAL)|LD_|COMPOSE_(?:PROFILES|PROJECT_NAME)$|NODE_|OTTO_|XDG_|ERR_|NO_|FORCE_)/;

const codeWord = /"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g;

/** The error codes that a source text names, sorted. */
export function findCodes(source: string): readonly string[] {
  const words = [...source.matchAll(codeWord)].map(([, word = ""]) => word);
  return [...new Set(words)].filter((word) => !otherWords.has(word) && !otherAreas.test(word)).sort();
}

const tableRow = /^\|([^|]*)\|(.*)\|$/gm;
const codeInBackticks = /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g;

/** What the tables of a README say of each code: a row's first cell names codes, its second says when they come. */
export function findCauses(readme: string): ReadonlyMap<string, string> {
  const causes = new Map<string, string>();
  for (const [, codes = "", cause = ""] of readme.matchAll(tableRow))
    for (const [, code = ""] of codes.matchAll(codeInBackticks)) causes.set(code, cause.trim());
  return causes;
}
