import type { TreeText } from "@otto/lab";
import fc from "fast-check";

/** One context with its rules, and where its Dockerfile lies. */
export interface IgnoreCase {
  readonly tree: TreeText;
  /** Below the context's parent: `context/…` or beside it. */
  readonly dockerfile: string;
  readonly ignoreFile: string | undefined;
  readonly ownIgnoreFile: string | undefined;
}

// Few names, so that patterns and paths meet; some that mean something to a pattern or an expression.
const plainNames = ["a", "b", "c", "ab", "abc", "a.log", "b.log", "c.md", "docs", "node_modules", "Dockerfile", "a2"];
const oddNames = [
  ...[
    ".git",
    ".dockerignore",
    "x y",
    " lead",
    "trail ",
    "#c",
    "!a",
    "-",
    "a^",
    "^a",
    "a|b",
    "{a}",
    "a{2}",
    "aa",
    "(a)",
    "a+",
  ],
  ...[
    "$a",
    "[a]",
    "a*",
    "a?",
    "a\\b",
    "a\nb",
    "é",
    "日本",
    "😀",
    "\ufffd",
    "a\udcff",
    "\udcc3x",
    "\u00a0",
    "\ufeffa",
    "'",
    '"',
  ],
];
const names = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...plainNames) },
  { weight: 2, arbitrary: fc.constantFrom(...oddNames) },
);
const paths = fc.array(names, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const links = fc.constantFrom("a", "nowhere", ".", "..", "/etc/passwd", "../../x", "a/b", "\udcfe");

const treeLines = fc.oneof(
  { weight: 8, arbitrary: paths.map((path) => `file ${path}`) },
  { weight: 1, arbitrary: paths.map((path) => `exec ${path}`) },
  { weight: 2, arbitrary: paths.map((path) => `dir ${path}`) },
  { weight: 1, arbitrary: fc.tuple(paths, links).map(([path, target]) => `link ${path} > ${target}`) },
);
const trees = fc.array(treeLines, { minLength: 1, maxLength: 14 }).map(withoutConflicts);

const classes = fc.constantFrom(
  "[ab]",
  "[^a]",
  "[a-c]",
  "[!a]",
  "[\\]a]",
  "[a-]",
  "[.]",
  "[^/]",
  "[[:alpha:]]",
  "[a*]",
  "[\\d]",
  "[é]",
);
const escapes = fc.constantFrom(
  "\\a",
  "\\*",
  "\\?",
  "\\[",
  "\\\\",
  "\\.",
  "\\d",
  "\\w",
  "\\Q",
  "\\x61",
  "\\141",
  "\\pL",
  "\\!",
  "\\#",
  "\\ ",
);
const raw = fc.constantFrom("|", "{2}", "{1,2}", "^", "{", "+", "$", "(", ".", "é", "-", "\\b", "a{2,1}");
const piece = fc.oneof(
  { weight: 8, arbitrary: names },
  { weight: 5, arbitrary: fc.constantFrom("*", "?", "*.log", "*.md", "a*", "*b") },
  { weight: 4, arbitrary: fc.constantFrom("**", "**.log", "a**", "**a", "***") },
  { weight: 2, arbitrary: classes },
  { weight: 1, arbitrary: escapes },
  { weight: 1, arbitrary: raw },
  { weight: 1, arbitrary: fc.constantFrom("..", ".", "") },
);
const segment = fc.oneof(
  { weight: 6, arbitrary: piece },
  { weight: 1, arbitrary: fc.tuple(piece, piece).map((two) => two.join("")) },
);
const around = (weight: number, ...texts: string[]) =>
  fc.oneof({ weight, arbitrary: fc.constant("") }, { weight: 1, arbitrary: fc.constantFrom(...texts) });
// No tab but at an end: this engine cannot send a pattern with one, whatever it means.
const pattern = fc
  .tuple(
    fc.oneof(
      { weight: 5, arbitrary: fc.constant("") },
      { weight: 3, arbitrary: fc.constant("!") },
      around(1, "! ", " !", "!!"),
    ),
    around(6, "/", "./", "//", "a/../", "../", "**/", " ", "\u00a0"),
    fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
    around(6, "/", "/.", "/..", "/**", "/*", " ", "  ", "\t"),
  )
  .map((parts) => parts.join(""));
const special = fc.constantFrom(
  "",
  " ",
  "# comment",
  " # not a comment",
  "*",
  "**",
  "!**",
  "!.dockerignore",
  "!Dockerfile",
  ".dockerignore",
  "Dockerfile",
  "Dockerfile*",
  "**/Dockerfile",
  "!",
  ".",
  "/",
  "!.",
  "!/",
  "\ta\t",
  "\ufeffa",
);
const malformed = fc.constantFrom(
  "[a",
  "[",
  "[]",
  "[^]",
  "a\\",
  "[a-",
  "[-a]",
  "[z-a]x",
  "[z-a]",
  "a/[b",
  "\\q*",
  "\\8*",
  "a{2}{2}*",
  "*{2}",
  "[[:foo:]]",
);
const line = fc.oneof(
  { weight: 30, arbitrary: pattern },
  { weight: 8, arbitrary: special },
  { weight: 1, arbitrary: malformed },
);
const ignoreFiles = fc
  .tuple(fc.array(line, { maxLength: 6 }), fc.constantFrom("\n", "\n", "\n", "\r\n"), around(8, "\ufeff"), fc.boolean())
  .map(([lines, newline, mark, end]) => mark + lines.join(newline) + (end ? newline : ""));

/** A context, its ignore files and its Dockerfile, at random. */
export const ignoreCases: fc.Arbitrary<IgnoreCase> = fc.record({
  tree: trees,
  dockerfile: fc.constantFrom(
    "context/Dockerfile",
    "context/Dockerfile",
    "context/docs/api.dockerfile",
    "elsewhere/Dockerfile",
  ),
  ignoreFile: fc.option(ignoreFiles, { nil: undefined, freq: 8 }),
  ownIgnoreFile: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: ignoreFiles }),
});

/** A name is one thing: what would make it another, or lie where the Dockerfile and the ignore files go, is dropped. */
function withoutConflicts(lines: readonly string[]): TreeText {
  const kinds = new Map<string, string>([
    ["Dockerfile", "file"],
    ["Dockerfile.dockerignore", "file"],
    [".dockerignore", "file"],
    ["docs", "dir"],
    ["docs/api.dockerfile", "file"],
    ["docs/api.dockerfile.dockerignore", "file"],
  ]);
  return lines.filter((text) => {
    const [kind = "", path = ""] = text.split(/ (.*)/s);
    const name = kind === "link" ? (path.split(" > ")[0] ?? "") : path;
    const parts = name.split("/");
    const parents = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
    if (kinds.has(name) || parents.some((parent) => (kinds.get(parent) ?? "dir") !== "dir")) return false;
    for (const parent of parents) kinds.set(parent, "dir");
    kinds.set(name, kind === "dir" ? "dir" : "leaf");
    return true;
  });
}
