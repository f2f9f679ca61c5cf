/** What is wanted of a staged tree: the text of `formatEntry` by path. */
export type Manifest = Readonly<Record<string, string>>;

/** What lies in a staged tree because it was sent. */
export interface SentTree {
  /** By path. A text: it was sent like that. Several: it is one of them, or nothing, as an update or a removal was cut. */
  readonly entries: Readonly<Record<string, string | readonly string[]>>;
  /** Paths that containers have had mounted, so that what lies there may be theirs. */
  readonly shared: readonly string[];
}

export const nothingSent: SentTree = { entries: {}, shared: [] };

/** Of a version before, which did not note what is mounted: anything but what otto wrote itself. */
const sharedBefore = ["repo", "outside"];

/**
 * Reads the manifest of a tree on a parent. Unreadable or foreign text, also one with a path that leads out of the
 * tree, is that of an empty tree: then everything is sent.
 * @param down what the last `down` noted, where there was one: `down` and the paths that it found other than they were
 * sent, each with a NUL behind it. It removed the rest.
 */
export function parseSentTree(text: string, down = ""): SentTree {
  try {
    const { schema, entries, shared } = JSON.parse(text) as SentTree & { readonly schema: number };
    if ((schema !== 1 && schema !== 2) || !Object.keys(entries).every(isInTree)) return nothingSent;
    const sent = { entries, shared: schema === 1 ? sharedBefore : shared };
    return down === "" ? sent : { ...sent, entries: entriesAfterDown(entries, new Set(down.split("\0"))) };
  } catch {
    return nothingSent;
  }
}

function entriesAfterDown(entries: SentTree["entries"], stays: ReadonlySet<string>): SentTree["entries"] {
  return Object.fromEntries(
    Object.entries(entries).map(([path, texts]) => [path, stays.has(path) ? texts : textsOf(texts)] as const),
  );
}

export function formatSentTree({ entries, shared }: SentTree): string {
  return `${JSON.stringify({ schema: 2, shared, entries })}\n`;
}

/** Whether a path leads nowhere but into the tree: relative, and no part of it empty, `.` or `..`. */
export function isInTree(path: string): boolean {
  return !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path);
}

/** What an entry may be. */
export function textsOf(texts: string | readonly string[] | undefined): readonly string[] {
  return texts === undefined ? [] : typeof texts === "string" ? [texts] : texts;
}

/** `file`, `link` or `dir`. */
export function kindOf(texts: string | readonly string[] | undefined): string {
  return textsOf(texts)[0]?.split(" ", 1)[0] ?? "";
}

/** Whether containers may write to a path: it is mounted, or lies in what is. */
export function isShared(path: string, shared: readonly string[]): boolean {
  return shared.some((mount) => path === mount || path.startsWith(`${mount}/`));
}
