// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a Dockerfile writes its variables like this.
import { chmod, lstat, mkdir, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

export type Random = (limit: number) => number;

/**
 * A Dockerfile with what its settings add, over a context `context`, a named context `shared`, and one `tools` that has
 * `busybox`.
 */
export interface ReachCase {
  readonly dockerfile: string;
  readonly ignoreFile: string | undefined;
  readonly target: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
}

const pickOf = (random: Random) => {
  return <T>(from: readonly [T, ...T[]]): T => from[random(from.length)] ?? from[0];
};

const sources = [
  ...[
    "a",
    "b",
    "c.txt",
    "d",
    "d/",
    "./e/.",
    "/d/da",
    "d/../b",
    "../a",
    "e/d",
    "e/d/eda",
    "l",
    "l/",
    "l/la",
    "m",
    "m/da",
    "d/l",
    ".",
  ],
  ...["*", "?", "[a-c]*", "*.txt", "d/*", "*/*a", "e/*/*", "?/d*", "l*", "l/*", "[^a]*", "**", "\\a", "'b'"],
  ...["$V", "${V}", "${V:-b}", "d/${W:-da}", "$V/da", "${W:+a}", "${V}*"],
] as const;
const flags = ["", "", "", "--link ", "--chown=1:2 ", "--from=shared "] as const;

/** Each instruction has a place of its own in the image, and the last stage has all that it takes: nothing hides. */
export function drawCase(random: Random): ReachCase {
  const pick = pickOf(random);
  const lines = random(3) === 0 ? [`ARG V=${pick(["a", "d", "e"])}`] : [];
  const stages = 1 + random(3);
  let place = 0;
  for (let stage = 0; stage < stages; stage++) {
    const base = stage > 0 && random(3) === 0 ? `s${random(stage)}` : "scratch";
    lines.push(
      `${pick(["FROM", "from"])} ${base} AS ${pick(["s", "S"])}${stage}`,
      `COPY <<E /keep${stage}\nCOPY . /\nE`,
    );
    for (let count = 1 + random(2); count > 0; count--) {
      if (random(2) === 0)
        lines.push(pick(["ARG V", "ARG V=b", "ARG W", "ENV V=d", "ENV W da", "ENV V=\"a\" W='b'", "# COPY . /"]));
      lines.push(...(random(6) === 0 ? drawRun(random, `/${place++}`) : [drawCopy(random, `/${place++}/`)]));
    }
    const taken = stage > 0 && random(3) === 0 ? random(stage) : undefined;
    if (taken !== undefined) lines.push(`COPY --from=${pick([`s${taken}`, `${taken}`])} / /${place++}/`);
  }
  return {
    dockerfile: `${lines.join("\n")}\n`,
    ignoreFile: pick([
      undefined,
      undefined,
      undefined,
      "*.txt\n",
      "d\n!d/da\n",
      "**/da\nl\n",
      "*\n!e\n!a\n",
      "Dockerfile\n",
    ]),
    target: random(5) === 0 ? pick(["s0", "S0"]) : undefined,
    buildArgs: pick([{}, {}, { V: "e" }, { V: "a", W: "b" }, { W: "" }]),
  };
}

function drawCopy(random: Random, to: string): string {
  const pick = pickOf(random);
  const word = pick(["COPY", "COPY", "copy", "ADD"]);
  const flag = word === "ADD" ? "" : pick(flags);
  const source = pick(sources);
  if (random(4) === 0) return `${word} ${flag}["${source.replaceAll("\\", "\\\\")}", "${to}"]`;
  return `${word} ${flag}${random(4) === 0 ? "\\\n # comment\n " : ""}${source} ${to}`;
}

const mounted = ["a", "d", "e/d", "./e", "/d/da", "l", "m", "d/l", "$V", "${V:-b}", "../a", ".", ""] as const;

/** A `RUN` that has a part of a context mounted, and puts into the image what it sees there. */
function drawRun(random: Random, to: string): string[] {
  const pick = pickOf(random);
  const source = pick(mounted);
  const options = [
    ...(random(3) === 0 ? [] : ["type=bind"]),
    ...(source === "" ? [] : [`${pick(["source", "src"])}=${source}`]),
    ...(random(4) === 0 ? ["from=shared"] : []),
    `${pick(["target", "dst"])}=/mounted`,
  ];
  // Of a file that the command does not read, the hash would change alone.
  const also = random(4) === 0 ? "--mount=type=tmpfs,target=/also " : "";
  return [
    "COPY --from=tools / /",
    `RUN ${also}--mount=${options.join()} ["/busybox", "cp", "-a", "/mounted", "${to}"]`,
  ];
}

const targets = ["a", "d", "../a", "/d/da", "./e", "e/d", "e/d", "../../b", "l", ".", "/", "d/l", "../e/d"] as const;

const usualFiles = ["a", "b", "c.txt", "d/da", "d/db", "e/ea", "e/d/eda", "e/d/edc.txt", "other", "f/fa"];

/** Fills an empty directory. The name of a file has those of its directories in it, so that no two are alike. */
export async function drawTree(random: Random, root: string): Promise<void> {
  for (const path of usualFiles) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    if (random(12) > 0) await writeFile(join(root, path), content(random));
  }
  for (const link of ["l", "m", "d/l"]) {
    if (random(12) > 0) await symlink(random(2) === 0 ? pickOf(random)(targets) : "/d", join(root, link));
  }
  for (let count = random(5); count > 0; count--) await addEntry(random, root);
}

async function addEntry(random: Random, root: string): Promise<string> {
  const pick = pickOf(random);
  const directory = pick(["", "", "d", "e", "e/d"] as const);
  const prefix = directory.replaceAll("/", "");
  const kind = pick(["file", "file", "file", "link", "directory"] as const);
  const name =
    kind === "file" ? prefix + pick(["a", "b", "c.txt"]) : kind === "link" ? pick(["l", "m"]) : pick(["d", "e"]);
  const path = join(root, directory, name);
  if ((await lstat(path).catch(() => undefined)) !== undefined) return `nothing at ${path}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    if (kind === "file") await writeFile(path, content(random), { mode: pick([0o644, 0o600, 0o755]) });
    if (kind === "link") await symlink(pick(targets), path);
    if (kind === "directory") await mkdir(path);
  } catch {
    // A link or a file is where a directory is wanted.
    return `nothing at ${path}`;
  }
  return `new ${kind} ${path}`;
}

const content = (random: Random) => `${random(2 ** 30)} ${random(2 ** 30)}`;

/** Changes one thing of a tree; what it was. Of a file: `write`, `chmod`, `touch`, `remove file`, `new file`, `nothing`. */
export async function editTree(random: Random, root: string): Promise<string> {
  const paths = await listPaths(root);
  const path = join(root, paths[random(paths.length)] ?? "a");
  const stats = await lstat(path).catch(() => undefined);
  const action = random(8);
  if (stats === undefined || action === 0) return addEntry(random, root);
  if (action === 1) {
    await rm(path, { recursive: true });
    return `remove ${stats.isFile() ? "file" : "what was"} ${path}`;
  }
  if (stats.isSymbolicLink()) {
    await rm(path);
    await symlink(pickOf(random)(targets), path);
    return `link ${path}`;
  }
  if (stats.isDirectory() || action === 2) {
    await utimes(path, random(10 ** 9), random(10 ** 9));
    return `touch ${path}`;
  }
  if (action === 3) {
    await chmod(path, stats.mode ^ 0o111);
    return `chmod ${path}`;
  }
  await writeFile(path, content(random));
  return `write ${path}`;
}

/** What may be edited, through no link. */
async function listPaths(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.map(({ parentPath, name }) => relative(root, join(parentPath, name)));
  return paths.filter((path) => path !== "Dockerfile" && path !== ".dockerignore").sort();
}
