import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandContender } from "../command-contender.js";
import { type RunningContainer, startContainer } from "../container.js";
import type { LinkName } from "../link.js";
import type { Measured } from "../measured.js";
import type { Area, Bench, Contender, Round, Row } from "../row.js";
import { expectEqual, run, sh, shellArgv } from "../shell.js";
import type { SshClient } from "../ssh-client.js";
import { noiseOf, writeSmallFiles } from "../tree.js";

/** Factor for the numbers of files and bytes on every link but `direct`. */
const farScale = 0.25;
const largeBytes = 256 << 20;
const smallCount = 10_000;
const meanBytes = 2000;

type Direction = "put" | "get";
type Side = "the parent" | "a container";

/** One way to copy; `from` and `to` are paths on this machine, on the parent or in the container. */
interface CopyMethod {
  readonly name: string;
  /** The other side of the copy, if it is not the row's: the reference shows what the link itself allows. */
  readonly side?: Side;
  copy(round: Round, from: string, to: string): Promise<Measured<unknown>>;
}

export const files: Area = {
  name: "files",
  title: "Files",
  about:
    "One file of 256 MB, and a tree of 10,000 files of 2 KB, copied to and from the parent and a container. @otto/hosts uses a connection " +
    "that is already open, and so does OpenSSH (ControlMaster). On links with a delay or a bastion: a quarter of the bytes and files.",
  usesLinks: true,
  open: async (bench) => {
    const container = await startContainer(bench, { name: "bench-files" });
    const there = join(bench.directory, "there");
    mkdirSync(there, { recursive: true });
    run("docker", "exec", container.id, "mkdir", "-p", "/there");
    const rows = [...bench.links.keys()].flatMap((link) => linkRows(bench, link, { container, there }));
    return { rows, [Symbol.asyncDispose]: () => container[Symbol.asyncDispose]() };
  },
};

interface CopyFixture {
  readonly container: RunningContainer;
  /** Directory for files on the parent. */
  readonly there: string;
}

function linkRows(bench: Bench, link: LinkName, fixture: CopyFixture): readonly Row[] {
  const scale = bench.scale * (link === "direct" ? 1 : farScale);
  const here = join(bench.directory, `here-${link}`);
  const content = { large: join(here, "large"), small: join(here, "small") };
  const layOnce = createOnce(() => {
    mkdirSync(here, { recursive: true });
    writeFileSync(content.large, noiseOf(Math.ceil(largeBytes * scale)));
    writeSmallFiles(content.small, { count: Math.ceil(smallCount * scale), meanBytes });
  });
  const rows = (["large", "small"] as const).flatMap((kind: Kind) =>
    (["put", "get"] as const).flatMap((direction) =>
      (["the parent", "a container"] as const).map((side): Row => {
        const preposition = direction === "put" ? "to" : "from";
        const title = side === "the parent" || direction === "get" ? preposition : "into";
        const copy = { source: content[kind], direction, side, fixture, layOnce, here };
        return {
          what: `${direction} ${kind === "large" ? "256 MB" : "10,000 files"} ${title} ${side}`,
          link,
          cost: "heavy",
          bulk: true,
          ours: (subject) => contenderOf(ottoMethod(subject, copy), copy),
          theirs: referencesOf(bench, kind, copy).map((method) =>
            contenderOf(method, { ...copy, side: method.side ?? side }),
          ),
        };
      }),
    ),
  );
  return rows.map((row, index) =>
    index < rows.length - 1 ? row : { ...row, done: () => rmSync(here, { recursive: true, force: true }) },
  );
}

interface Copy {
  /** The original on this machine. */
  readonly source: string;
  readonly direction: Direction;
  readonly side: Side;
  readonly fixture: CopyFixture;
  readonly layOnce: () => void;
  /** Where `get` writes. */
  readonly here: string;
}

function contenderOf(method: CopyMethod, copy: Copy): Contender {
  const { source, direction, side, fixture, here } = copy;
  const isInside = side === "a container";
  const label = method.name.replace(/\W+/g, "-");
  const far = isInside ? "/there" : fixture.there;
  const [from, to] = direction === "put" ? [source, `${far}/${label}`] : [`${far}/source`, join(here, label)];
  const inside = direction === "put" && isInside;
  const remove = () => {
    if (inside) run("docker", "exec", fixture.container.id, "rm", "-rf", to);
    else rmSync(to, { recursive: true, force: true });
  };
  return {
    name: method.name,
    prepare: () => {
      copy.layOnce();
      remove();
      if (direction === "get") laySource(copy, from);
    },
    run: (round) => method.copy(round, from, to),
    check: () => {
      const found = digestTree(to, inside ? fixture.container.id : undefined);
      expectEqual(`what was copied to ${to}`, found, digestTree(source));
      remove();
    },
  };
}

/** Puts the file or tree that `get` fetches in place, unless it is already there. */
function laySource({ source, side, fixture }: Copy, path: string): void {
  if (side === "the parent") {
    sh(
      '[ -e "$2.of" ] && [ "$(cat "$2.of")" = "$1" ] || { rm -rf "$2" && cp -r "$1" "$2" && echo "$1" >"$2.of"; }',
      source,
      path,
    );
    return;
  }
  const { id } = fixture.container;
  sh(
    'docker exec "$3" grep -qxF "$1" "$2.of" || { docker exec "$3" rm -rf "$2" && docker cp --quiet "$1" "$3:$2" && docker exec "$3" sh -c "echo $1 >$2.of"; }',
    source,
    path,
    id,
  );
}

const digests =
  'cd "$(dirname "$1")" && find "$(basename "$1")" -type f | LC_ALL=C sort | xargs -n 500 sha256sum | sed "s: [^/]*: :" | sha256sum';

/** Of names and contents, apart from the name of what was copied itself. */
function digestTree(path: string, container?: string): string {
  if (container === undefined) return sh(digests, path);
  return run("docker", "exec", container, ...shellArgv(digests, path));
}

function ottoMethod(subject: Bench["otto"], { direction, side, fixture }: Copy): CopyMethod {
  const { name } = fixture.container;
  return {
    name: subject.name,
    copy: ({ route }, from, to) => {
      if (side === "a container") {
        const method = direction === "put" ? "putInContainer" : "getFromContainer";
        return subject.call(method, route, name, [from, to]);
      }
      return subject.call(direction === "put" ? "putOnParent" : "getFromParent", route, [from, to]);
    },
  };
}

type Kind = "large" | "small";

/** A line of sh on this machine; the paths are the bench's own and need no quotes. */
type Line = (copied: { readonly from: string; readonly to: string; readonly host: string }) => string;

interface Lines {
  readonly [name: string]: Line;
}

function referencesOf({ ssh, otto }: Bench, kind: Kind, { direction, side, fixture }: Copy): readonly CopyMethod[] {
  const { id } = fixture.container;
  const client = ssh.shared;
  const methodsOf = (lines: Lines) => Object.entries(lines).map(([name, line]) => methodOf(name, client, line));
  const toParent = methodsOf(parentLines(client, kind)[direction]);
  if (side === "the parent") return toParent;
  const [scp] = toParent;
  const preposition = direction === "put" ? "to" : "from";
  return [
    dockerCp(`docker cp over ssh${client.label}`, direction, id, ({ route }) => client.dockerEnv(route)),
    ...methodsOf(containerLines(id, kind)[direction]),
    ...(scp === undefined
      ? []
      : [{ ...scp, name: `scp ${preposition} the parent${client.label}`, side: "the parent" as const }]),
    dockerCp("docker cp on the parent", direction, id, () => otto.env),
  ];
}

function methodOf(name: string, client: SshClient, line: Line): CopyMethod {
  return {
    name: `${name}${client.label}`,
    copy: (round, from, to) =>
      commandContender({
        name,
        argv: ({ route }) => shellArgv(line({ from, to, host: route.name })),
        env: () => client.env,
        check: () => undefined,
      }).run(round),
  };
}

function dockerCp(
  name: string,
  direction: Direction,
  id: string,
  env: (round: Round) => NodeJS.ProcessEnv,
): CopyMethod {
  const wordsOf = (from: string, to: string) => (direction === "put" ? [from, `${id}:${to}`] : [`${id}:${from}`, to]);
  return {
    name,
    copy: (round, from, to) => {
      const argv = () => ["docker", "cp", "--quiet", ...wordsOf(from, to)];
      return commandContender({ name, argv, env, check: () => undefined }).run(round);
    },
  };
}

function parentLines({ configPath }: SshClient, kind: Kind): Readonly<Record<Direction, Lines>> {
  const slash = kind === "small" ? "/" : "";
  const scp = `scp -q -r -F ${configPath}`;
  return {
    put: {
      scp: ({ from, to, host }) => `${scp} ${from} ${host}:${to}`,
      rsync: ({ from, to, host }) => `rsync --archive ${from}${slash} ${host}:${to}`,
      ...(kind === "small"
        ? {
            "tar over ssh": ({ from, to, host }) =>
              `tar -C ${from} -c . | ssh ${host} 'mkdir ${to} && tar -C ${to} -x'`,
          }
        : { "cat over ssh": ({ from, to, host }) => `ssh ${host} 'cat >${to}' <${from}` }),
    },
    get: {
      scp: ({ from, to, host }) => `${scp} ${host}:${from} ${to}`,
      rsync: ({ from, to, host }) => `rsync --archive ${host}:${from}${slash} ${to}`,
      ...(kind === "small"
        ? { "tar over ssh": ({ from, to, host }) => `mkdir ${to} && ssh ${host} tar -C ${from} -c . | tar -C ${to} -x` }
        : { "cat over ssh": ({ from, to, host }) => `ssh ${host} cat ${from} >${to}` }),
    },
  };
}

function containerLines(id: string, kind: Kind): Readonly<Record<Direction, Lines>> {
  const inside = `docker exec -i ${id}`;
  if (kind === "large")
    return {
      put: { "cat by ssh docker exec": ({ from, to, host }) => `ssh ${host} "${inside} sh -c 'cat >${to}'" <${from}` },
      get: { "cat by ssh docker exec": ({ from, to, host }) => `ssh ${host} ${inside} cat ${from} >${to}` },
    };
  return {
    put: {
      "tar by ssh docker exec": ({ from, to, host }) =>
        `tar -C ${from} -c . | ssh ${host} "${inside} sh -c 'mkdir ${to} && tar -C ${to} -x'"`,
    },
    get: {
      "tar by ssh docker exec": ({ from, to, host }) =>
        `mkdir ${to} && ssh ${host} ${inside} tar -C ${from} -c . | tar -C ${to} -x`,
    },
  };
}

function createOnce(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
