import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a package's README tells a newcomer to type. */
export interface Readme {
  /** The packages of its install line, each with its version where one is named. */
  readonly installs: ReadonlyMap<string, string | undefined>;
  /** Its first block of code that is not a file. */
  readonly example: Example;
}

export interface Example {
  readonly language: "ts" | "sh";
  readonly text: string;
  /** Blocks with `file=…` behind their language, by path. */
  readonly files: Readonly<Record<string, string>>;
}

const installLine = /(?:npm install|pnpm add)(?: --?[\w-]+)*((?: [@\w][\w@/.-]*)+)$/m;
const installWord = /^(@?[^@]+)(?:@(.+))?$/;
const codeBlock = /^```(ts|sh)(?: file=(\S+))?\n(.*?)^```$/gms;

/** Reads the install line and the example of a package's README. */
export async function readReadme(directory: string): Promise<Readme> {
  const text = await readFile(join(directory, "README.md"), "utf8");
  const words = installLine.exec(text)?.[1]?.trim().split(" ");
  if (words === undefined) throw new Error(`${directory}/README.md has no install line`);
  const installs = new Map(words.map((word) => [installWord.exec(word)?.[1] ?? word, installWord.exec(word)?.[2]]));
  const blocks = [...text.matchAll(codeBlock)].map(([, language = "", file, code = ""]) => ({ language, file, code }));
  const files = Object.fromEntries(blocks.flatMap(({ file, code }) => (file === undefined ? [] : [[file, code]])));
  const example = blocks.find(({ file, code }) => file === undefined && !installLine.test(code));
  if (example === undefined) throw new Error(`${directory}/README.md has no example`);
  return { installs, example: { language: example.language === "ts" ? "ts" : "sh", text: example.code, files } };
}
