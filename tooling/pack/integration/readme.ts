import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What a package's README tells a newcomer to type. */
export interface Readme {
  /** The packages of its install line. */
  readonly installs: readonly string[];
  /** Its first block of code. */
  readonly example: { readonly language: "ts" | "sh"; readonly text: string };
}

const installLine = /(?:npm install|pnpm add)(?: --?[\w-]+)*((?: [@\w][\w@/.-]*)+)$/m;
const codeBlock = /^```(ts|sh)\n(.*?)^```$/gms;

/** Reads the install line and the example of a package's README. */
export async function readReadme(directory: string): Promise<Readme> {
  const text = await readFile(join(directory, "README.md"), "utf8");
  const installs = installLine.exec(text)?.[1]?.trim().split(" ");
  if (installs === undefined) throw new Error(`${directory}/README.md has no install line`);
  for (const [, language, block = ""] of text.matchAll(codeBlock)) {
    if (language === "ts") return { installs, example: { language, text: block } };
    if (language === "sh" && !installLine.test(block)) return { installs, example: { language, text: block } };
  }
  throw new Error(`${directory}/README.md has no example`);
}
