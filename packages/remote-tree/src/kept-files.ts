import { Readable } from "node:stream";
import { quoteWord } from "@otto/errors";
import { encodePath } from "@otto/hashing";
import { digestOf } from "./entry-digest.js";
import { isShared, kindOf, type SentTree, textsOf } from "./sent-tree.js";
import type { KeptFiles, StagedTree } from "./staged-tree.js";
import { ownDirectory, reportMark } from "./tree-script.js";

/** What lies in a staged tree, `.otto` apart. */
export interface FoundTree {
  /** Files and links by path; the text of `formatEntry` without a mode where it was asked for. */
  readonly files: ReadonlyMap<string, string | undefined>;
  readonly directories: readonly string[];
}

/** Finds what {@link removeTree} would leave. Changes nothing. @returns undefined when nothing stays */
export async function findKept(
  { shell, remoteDir: directory, host }: Pick<StagedTree, "shell" | "remoteDir" | "host">,
  sent: SentTree,
): Promise<KeptFiles | undefined> {
  const inTree = `cd ${quoteWord(directory)} 2>/dev/null || exit 0`;
  const list = (test: string) => `find . -path ./${ownDirectory} -prune -o ! -name . ${test} -print0 2>/dev/null`;
  const { output } = await shell.run(`${inTree}\n${list("! -type d")}; printf '\\036'; ${list("-type d")}`);
  const [files = "", directories = ""] = output.split(reportMark).map((text) => text.replaceAll(/(^|\0)\.\//g, "$1"));
  const paths = namesIn(files);
  const asked = paths.filter((path) => sent.entries[path] !== undefined && isShared(path, sent.shared));
  const input = Readable.from([encodePath(asked.map((path) => `./${path}\0`).join(""))]);
  const { output: sums } = await shell.run(`${inTree}\nxargs -0 sh -c ${quoteWord(digestScript)} digests`, { input });
  const digests = sums.split("\n");
  const texts = new Map(asked.map((path, index) => [path, digests[index]] as const));
  const found = { files: new Map(paths.map((path) => [path, texts.get(path)])), directories: namesIn(directories) };
  const kept = countKept(sent, found);
  return kept === undefined ? undefined : { host, directory, files: kept };
}

/** A line for each: what it is, as `digestOf` writes it. */
const digestScript = `for path do
if [ -L "$path" ]; then sum=$(readlink "$path" | sha256sum); echo "L\${sum%% *}"
elif [ -f "$path" ]; then sum=$(sha256sum <"$path"); echo "F\${sum%% *}"
else echo other
fi
done`;

function namesIn(list: string): string[] {
  return list.split("\0").filter((name) => name !== "");
}

/** How many files are a container's. @returns undefined when not even a directory is, nor is anything gone */
export function countKept({ entries, shared }: SentTree, { files, directories }: FoundTree): number | undefined {
  let count = 0;
  for (const [path, digest] of files) {
    const isOurs = isShared(path, shared) ? textsOf(entries[path]).map(digestOf).includes(digest) : path in entries;
    if (!isOurs) count += 1;
  }
  const isMore = directories.some((path) => entries[path] === undefined);
  const isGone = Object.entries(entries).some(
    ([path, text]) => typeof text === "string" && kindOf(text) !== "dir" && isShared(path, shared) && !files.has(path),
  );
  return count > 0 || isMore || isGone ? count : undefined;
}
