/** Whether an option takes the word after it as its value. */
export type TakesValue = (option: string) => boolean;

// What follows their first word is somebody else's command line.
const commandVerbs: readonly string[] = ["exec", "run"];

/**
 * Rearranges `host ID VERB …` as `host VERB ID …`, the order that commander reads. With `exec` and `run`, options before
 * the first word of the command are otto's; that word and all after it are the command's.
 */
export function arrangeHostArguments(argv: readonly string[], takesValue: TakesValue): readonly string[] {
  const [host, id, verb, first] = findWords(argv, 4, takesValue);
  if (host === undefined || argv[host] !== "host" || id === undefined || verb === undefined) return argv;
  if (!commandVerbs.includes(argv[verb] ?? "")) {
    return ["host", argv[verb] ?? "", ...argv.filter((_, index) => index !== host && index !== verb)];
  }
  const end = first ?? argv.length;
  const options = [
    ...argv.slice(0, host),
    ...argv.slice(host + 1, id),
    ...argv.slice(id + 1, verb),
    ...argv.slice(verb + 1, end),
  ];
  const rest = argv.slice(argv[end - 1] === "--" ? end : end);
  return ["host", argv[verb] ?? "", ...options.filter((word) => word !== "--"), "--", argv[id] ?? "", ...rest];
}

/** Indexes of the first `count` words that are no option and no option's value. */
export function findWords(argv: readonly string[], count: number, takesValue: TakesValue): number[] {
  const found: number[] = [];
  let onlyWords = false;
  for (let index = 0; index < argv.length && found.length < count; index++) {
    const word = argv[index] ?? "";
    if (word === "--" && !onlyWords) onlyWords = true;
    else if (onlyWords || !word.startsWith("-") || word === "-") found.push(index);
    else if (!word.includes("=") && takesValue(word)) index++;
  }
  return found;
}
