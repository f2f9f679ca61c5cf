// Bash hands out words as they were typed and puts answers in as they are: quotes are ours to read and to write.

/** A word as it was typed, which may lack its closing quote, as bash would read it. */
export function unquoteWord(word: string): string {
  const [quote] = word;
  if (quote === "'") return word.slice(1).replace(/'$/, "");
  if (quote === '"') {
    return word
      .slice(1)
      .replace(/"$/, "")
      .replaceAll(/\\(["\\$`])/g, "$1");
  }
  return word.replaceAll(/\\(.)/g, "$1");
}

/** An answer as it is to be typed where `typed` stands; undefined where no quoting within its open quote is safe. */
export function quoteWord(answer: string, typed: string): string | undefined {
  if (typed.startsWith("'")) return answer.includes("'") ? undefined : answer;
  if (typed.startsWith('"')) return /["\\$`!]/.test(answer) ? undefined : answer;
  return answer.replaceAll(/[^\w./:=@%+,~\u0080-\uffff-]/g, "\\$&");
}
