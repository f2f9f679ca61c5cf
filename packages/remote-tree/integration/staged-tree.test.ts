import { execFile, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { decodePath, encodePath } from "@otto/hashing";
import {
  findKept,
  listTree,
  parseSentTree,
  planTree,
  type RemoteShell,
  removeTree,
  stagedDirectoryScript,
  updateTree,
} from "@otto/remote-tree";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const execute = promisify(execFile);
const shells = { dash: ["dash"], bash: ["bash", "--posix"], busybox: ["busybox", "sh"] } as const;
/** More for a longer run: OTTO_ROUNDS=200. */
const rounds = Number(process.env.OTTO_ROUNDS ?? 5);
/** All steps: OTTO_STRIDE=1. */
const stride = Number(process.env.OTTO_STRIDE ?? 5);

let place: string;
let dir: string;
let outside: string;
let around: string;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "otto-staged,"));
  dir = join(place, "stacks", "app");
  outside = join(place, "outside");
  await lay({ "../../outside/x": "theirs", "../../outside/sub/x": "theirs", "../other/repo/x": "theirs" });
  await mkdir(join(outside, "empty"));
  around = await listAround();
});
afterEach(async () => {
  if ((await listAround()) !== around) throw new Error(`outside of the tree: ${around}\n${await listAround()}`);
  await rm(place, { recursive: true });
});

/** Everything but the tree, with its times: what changes there is seen. */
async function listAround(): Promise<string> {
  const form = "%p %y %m %U %s %T@ %C@ %l %i\\n";
  const { stdout } = await execute("find", [outside, join(place, "stacks/other"), "-printf", form]);
  return stdout;
}

async function lay(files: Record<string, string>, base = dir): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(base, path)), { recursive: true });
    await writeFile(join(base, path), text);
  }
}

/** Runs scripts as a session on a parent does. */
function shellOf(argv: readonly string[]): RemoteShell {
  return {
    async run(script, { input } = {}) {
      const [command = "", ...words] = argv;
      const child = spawn(command, [...words, "-c", script], {
        stdio: ["pipe", "pipe", "inherit"],
        env: { ...process.env, LC_ALL: "C.UTF-8" },
      });
      const fed = pipeline(input ?? Readable.from([]), child.stdin).catch((error: NodeJS.ErrnoException) => {
        // A script that does not read on says why itself.
        if (error.code !== "EPIPE") throw error;
      });
      const exit = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? 128)));
      const output = buffer(child.stdout);
      // Of an input that breaks, too: the next script must not run beside this one.
      await Promise.allSettled([fed, exit, output]);
      await fed;
      return { exitCode: await exit, output: decodePath(await output) };
    },
  };
}

const treeOf = (shell: keyof typeof shells, docker: readonly string[] = ["false"], path = "") => ({
  shell: shellOf(path === "" ? shells[shell] : ["env", `PATH=${path}:${process.env.PATH}`, ...shells[shell]]),
  remoteDir: dir,
  host: "parent",
  docker,
});

async function readSent() {
  const manifest = await readFile(join(dir, ".otto/manifest"), "utf8").catch(() => "");
  return parseSentTree(
    manifest,
    await readFile(join(dir, ".otto/down"), "utf8").then(
      (text) => `down\0${text}`,
      () => "",
    ),
  );
}

/** An `up` whose repo mounts `data`, and has these files. */
async function up(tree: ReturnType<typeof treeOf>, files: Record<string, string>, mounts = ["repo/data"]) {
  const texts = Object.entries(files).map(([path, content]) => ({ remotePath: `repo/${path}`, content }));
  const { entries } = await listTree(texts);
  return updateTree(tree, planTree(entries, await readSent(), mounts));
}

const read = (path: string) => readFile(join(dir, path), "utf8").catch(({ code }) => code as string);
const all = async () =>
  (
    await execute("find", [dir, "-path", `${dir}/.otto`, "-prune", "-o", "!", "-name", "app", "-printf", "%P\\n"])
  ).stdout
    .trim()
    .split("\n")
    .sort();
const files = {
  "data/a": "1",
  "data/sub/b": "1",
  "data/sub/deep/c": "1",
  "conf/secret": "s3cret",
  "data/it's \\ odd\n": "1",
};
const down = { volumes: false };

describe.each(Object.keys(shells) as (keyof typeof shells)[])("in %s", (shell) => {
  test("what was sent goes without a trace, and a second down finds nothing", async () => {
    const tree = treeOf(shell);
    await up(tree, files);
    expect(await read("repo/data/sub/deep/c")).toBe("1");
    expect(await findKept(tree, await readSent())).toBeUndefined();
    expect(await removeTree(tree, down)).toBeUndefined();
    expect(await read(".")).toBe("ENOENT");
    expect(await removeTree(tree, down)).toBeUndefined();
  });

  test("what a container wrote, changed or deleted stays over down and up, and down with volumes takes it", async () => {
    const tree = treeOf(shell);
    await up(tree, files);
    await lay({ "repo/data/own/db": "theirs", "repo/data/sub/b": "changed" });
    await mkdir(join(dir, "repo/data/own/empty"));
    await rm(join(dir, "repo/data/sub/deep/c"));
    const kept = { host: "parent", directory: dir, files: 2 };
    expect(await findKept(tree, await readSent())).toEqual(kept);
    expect(await removeTree(tree, down)).toEqual(kept);
    expect(await all()).toEqual([
      "repo",
      "repo/data",
      "repo/data/own",
      "repo/data/own/db",
      "repo/data/own/empty",
      "repo/data/sub",
      "repo/data/sub/b",
    ]);
    const digest = (await execute("sh", ["-c", "printf s3cret | sha256sum"])).stdout.slice(0, 64);
    expect((await execute("sh", ["-c", `grep -r ${digest} '${dir}' || echo none`])).stdout).toBe("none\n");
    expect(await findKept(tree, await readSent())).toEqual(kept);
    expect(await removeTree(tree, down)).toEqual(kept);

    expect(await up(tree, files)).toBeUndefined();
    expect([await read("repo/data/a"), await read("repo/data/sub/b"), await read("repo/data/own/db")]).toEqual([
      "1",
      "changed",
      "theirs",
    ]);
    expect(await read("repo/data/sub/deep/c")).toBe("ENOENT");
    expect(await removeTree(tree, { volumes: true })).toBeUndefined();
    expect(await read(".")).toBe("ENOENT");
  });

  test("names and targets of any bytes come, are compared and go", async () => {
    const tree = treeOf(shell);
    const local = join(place, "local");
    const theirs = (path: string) => encodePath(join(dir, "repo/data", path));
    await mkdir(encodePath(join(local, "d\udcff")), { recursive: true });
    for (const name of ["caf\udce9", "d\udcff/x\udcfe", "plain"]) await writeFile(encodePath(join(local, name)), "1");
    await symlink(encodePath("to\udcfd"), encodePath(join(local, "link\udcfc")));
    const update = async () => {
      const { entries } = await listTree([{ localPath: local, remotePath: "repo/data" }]);
      return updateTree(tree, planTree(entries, await readSent(), ["repo/data"]));
    };
    await update();
    expect((await readFile(theirs("d\udcff/x\udcfe"))).toString()).toBe("1");
    expect(await readlink(theirs("link\udcfc"), "buffer")).toEqual(encodePath("to\udcfd"));
    expect(await findKept(tree, await readSent())).toBeUndefined();

    for (const path of ["caf\udce9", "own\udce8"]) await writeFile(theirs(path), "theirs");
    const kept = { host: "parent", directory: dir, files: 2 };
    expect(await findKept(tree, await readSent())).toEqual(kept);
    await writeFile(encodePath(join(local, "caf\udce9")), "2");
    const aside = await update();
    expect(aside?.paths).toEqual(["repo/data/caf\udce9"]);
    const set = encodePath(join(aside?.directory ?? "", "repo/data/caf\udce9"));
    expect((await readFile(set)).toString()).toBe("theirs");

    expect(await removeTree(tree, down)).toEqual(kept);
    expect(decodePath((await execute("find", ["repo", "-type", "f"], { cwd: dir, encoding: "buffer" })).stdout)).toBe(
      "repo/data/own\udce8\n",
    );
    await removeTree(tree, { volumes: true });
  });

  test("an edit here replaces what a container wrote in its place, and that is set aside", async () => {
    const tree = treeOf(shell);
    await up(tree, files);
    await lay({ "repo/data/a": "theirs", "repo/data/new": "theirs" });
    await rm(join(dir, "repo/data/sub/b"));
    await mkdir(join(dir, "repo/data/sub/b"));
    await writeFile(join(dir, "repo/data/sub/b/x"), "theirs");
    const aside = await up(tree, { ...files, "data/a": "2", "data/new": "2", "data/sub/b": "2" });
    expect([...(aside?.paths ?? [])].sort()).toEqual(["repo/data/a", "repo/data/new", "repo/data/sub/b"]);
    expect([await read("repo/data/a"), await read("repo/data/new"), await read("repo/data/sub/b")]).toEqual([
      "2",
      "2",
      "2",
    ]);
    const from = aside?.directory.slice(dir.length) ?? "";
    expect([
      await read(`${from}/repo/data/a`),
      await read(`${from}/repo/data/new`),
      await read(`${from}/repo/data/sub/b/x`),
    ]).toEqual(["theirs", "theirs", "theirs"]);
    expect(await removeTree(tree, down)).toMatchObject({ files: 3 });
  });

  test("a file that goes here, or a mount that does, leaves what a container made of it", async () => {
    const tree = treeOf(shell);
    await up(tree, files);
    await lay({ "repo/data/sub/b": "changed", "repo/data/sub/own": "theirs" });
    expect(await up(tree, { "conf/secret": "s3cret" }, [])).toBeUndefined();
    expect(await all()).toEqual([
      "repo",
      "repo/conf",
      "repo/conf/secret",
      "repo/data",
      "repo/data/sub",
      "repo/data/sub/b",
      "repo/data/sub/own",
    ]);
  });

  test.each([
    ["remove and rmdir", { "conf/secret": "s3cret" }],
    ["mkdir", { ...files, "data/sub/made/x": "2" }],
    ["move", { ...files, "data/sub/b": "2", "data/sub/x": "2" }],
  ])("%s below a directory that a container made a link follow none", async (_, changed) => {
    const tree = treeOf(shell);
    await up(tree, files);
    for (const target of [outside, join(dir, ".otto"), "../../../other/repo", "../conf"]) {
      await rm(join(dir, "repo/data/sub"), { recursive: true });
      await symlink(target, join(dir, "repo/data/sub"));
      const own = (await execute("find", [join(dir, "repo/conf"), "-ls"])).stdout;
      await up(tree, changed);
      await expect(execute("find", [join(dir, "repo/conf"), "-ls"])).resolves.toMatchObject({ stdout: own });
      await removeTree(tree, down);
      await removeTree(tree, { volumes: true });
      expect(await read(".")).toBe("ENOENT");
      await up(tree, files);
    }
  });

  test("a link that was set aside leads no later update to what it names", async () => {
    const tree = treeOf(shell);
    // What lies behind the link holds what was sent: were it found there, it would be taken for ours.
    const sent = { ...files, "data/sub/x": "theirs" };
    await up(tree, sent);
    await rm(join(dir, "repo/data/sub"), { recursive: true });
    await symlink(join(outside, "sub"), join(dir, "repo/data/sub"));
    for (const content of ["2", "theirs", "3"]) await up(tree, { ...sent, "data/sub/x": content });
    expect(await read("repo/data/sub/x")).toBe("3");
    expect((await execute("find", [join(dir, "kept"), "-type", "l", "-printf", "%l"])).stdout).toBe(
      join(outside, "sub"),
    );
    await removeTree(tree, { volumes: true });
  });

  test("a chmod of a mounted directory is sent, and follows no link", async () => {
    const tree = treeOf(shell);
    await up(tree, { "data/sub/b": "1" });
    const entries = (mode: number) => [{ kind: "directory", path: "repo/data/sub", mode } as const];
    await updateTree(tree, planTree(entries(0o755), await readSent(), ["repo/data"]));
    await updateTree(tree, planTree(entries(0o711), await readSent(), ["repo/data"]));
    expect((await execute("stat", ["-c", "%a", join(dir, "repo/data/sub")])).stdout).toBe("711\n");
    await rm(join(dir, "repo/data/sub"), { recursive: true });
    await symlink(join(outside, "sub"), join(dir, "repo/data/sub"));
    await updateTree(tree, planTree(entries(0o700), await readSent(), ["repo/data"]));
    expect((await execute("stat", ["-c", "%a %F", join(dir, "repo/data/sub")])).stdout).toBe("700 directory\n");
  });

  test("links, FIFOs and directories in the place of files are a container's", async () => {
    const tree = treeOf(shell);
    await up(tree, files);
    await rm(join(dir, "repo/data/a"));
    await symlink(join(outside, "x"), join(dir, "repo/data/a"));
    await rm(join(dir, "repo/data/sub/b"));
    await execute("mkfifo", [join(dir, "repo/data/sub/b")]);
    expect(await findKept(tree, await readSent())).toMatchObject({ files: 2 });
    expect(await removeTree(tree, down)).toMatchObject({ files: 2 });
    const aside = await up(tree, { "data/a": "2", "data/sub/b": "2" });
    expect(aside?.paths).toEqual(["repo/data/a", "repo/data/sub/b"]);
    expect([await read("repo/data/a"), await read("repo/data/sub/b")]).toEqual(["2", "2"]);
  });

  test("a directory that becomes a link and back at any moment leads no step outside", async () => {
    const tree = treeOf(shell);
    await up(tree, files);
    const swaps = spawn("sh", ["-c", swapScript, "swap", join(dir, "repo/data"), outside], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => swaps.stdout.once("data", resolve));
    let failed = 0;
    for (let round = 0; round < rounds; round += 1) {
      const changed = {
        "data/sub/b": String(round),
        [`data/sub/x${round % 3}`]: "1",
        [`data/sub/made${round % 2}/x`]: "1",
      };
      await up(tree, { ...files, ...changed }).catch(() => {
        failed += 1;
      });
    }
    const { stdout } = await execute("stat", ["-c", "%i", join(dir, "repo")]);
    expect(stdout).not.toBe("");
    await removeTree(tree, down).catch(() => {});
    swaps.kill();
    await new Promise((resolve) => swaps.once("close", resolve));
    await removeTree(tree, { volumes: true });
    expect(await read(".")).toBe("ENOENT");
    console.log(`${shell}: ${rounds} rounds, ${failed} refused`);
  });

  test("a tree of a version before, whole or cut, is updated and removed", async () => {
    const tree = treeOf(shell);
    const sum = async (text: string) =>
      (await execute("sh", ["-c", `printf %s '${text}' | sha256sum`])).stdout.slice(0, 64);
    const entries = {
      repo: "dir",
      "repo/data": "dir",
      "repo/data/a": `file 600 ${await sum("1")}`,
      "repo/data/b": `file 600 ${await sum("1")}`,
      "repo/data/cut": "file ?",
      compose: "dir",
      "compose/none.env": `file 600 ${await sum("")}`,
    };
    const old = {
      ".otto/manifest": JSON.stringify({ schema: 1, entries }),
      ".otto/digests": "{}",
      "repo/data/a": "1",
      "repo/data/b": "changed",
      "repo/data/cut": "2",
      "repo/data/own": "theirs",
      "compose/none.env": "",
    };
    await lay(old);
    expect(await removeTree(tree, down)).toMatchObject({ files: 2 });
    expect(await all()).toEqual(["repo", "repo/data", "repo/data/b", "repo/data/own"]);
    await removeTree(tree, { volumes: true });
    await lay(old);
    await lay({ "repo/x": "theirs" }, `${dir}.left-1700000000`);
    expect((await up(tree, { "data/a": "2" }))?.paths).toBeUndefined();
    expect([await read("repo/data/a"), await read("repo/data/b"), await read("compose/none.env")]).toEqual([
      "2",
      "changed",
      "ENOENT",
    ]);
    await removeTree(tree, { volumes: true });
    expect([await read("."), await read("../app.left-1700000000")]).toEqual(["ENOENT", "ENOENT"]);
  });

  test("a directory without a manifest of ours is left, but for what was not in its place yet", async () => {
    const tree = treeOf(shell);
    await lay({ ".otto/settings.toml": "theirs", "repo/x": "theirs" });
    for (const volumes of [false, true]) expect(await removeTree(tree, { volumes })).toBeUndefined();
    expect([await read(".otto/settings.toml"), await read("repo/x")]).toEqual(["theirs", "theirs"]);
    await rm(dir, { recursive: true });
    await lay({ ".otto/new/tree/secret": "s" });
    await removeTree(tree, down);
    expect(await read(".")).toBe("ENOENT");
  });
});

test("cut at any of its steps, an update or a removal loses nothing of a container's, and the next one ends it", async () => {
  const again = treeOf("dash");
  let cuts = 0;
  for (let step = 1; ; step += stride) {
    await up(again, files);
    await lay({
      "repo/data/own/db": "theirs",
      "repo/data/sub/b": "theirs too",
      "repo/data/sub/deep/c": "theirs as well",
    });
    const cut = treeOf("dash", ["false"], await layCutting(step));
    const changed = { ...files, "data/a": "2", "data/sub/b": "2", "data/x/y": "2" };
    const isWhole = await up(cut, changed).then(
      () => true,
      () => false,
    );
    const isGone = await removeTree(isWhole ? cut : treeOf("dash", ["false"], await layCutting(step)), down).then(
      () => true,
      () => false,
    );
    const { stdout } = await execute("grep", ["-rhE", "^theirs", dir]);
    expect([step, [...new Set(stdout.trim().split("\n"))].sort()]).toEqual([
      step,
      ["theirs", "theirs as well", "theirs too"],
    ]);
    await removeTree(again, down);
    const left = (await all()).filter((path) => !path.startsWith("kept"));
    expect(left.filter((path) => /data.(a|x)|conf/.test(path))).toEqual([]);
    await up(again, changed);
    expect([await read("repo/data/a"), await read("repo/data/own/db"), await read("repo/data/sub/deep/c")]).toEqual([
      "2",
      "theirs",
      "theirs as well",
    ]);
    await removeTree(again, { volumes: true });
    expect(await read(".")).toBe("ENOENT");
    if (isWhole && isGone) break;
    cuts += 1;
  }
  console.log(`cut at ${cuts} steps, ${stride} apart`);
  expect(cuts * stride).toBeGreaterThan(10);
});

test("nothing is kept behind a link that was set aside in the same update", async () => {
  const bin = join(place, "bin");
  // A container writes to the directory as soon as it is there.
  const script = '#!/bin/sh\n/bin/mkdir "$@" || exit\n[ "$*" != "-m 755 ./sub" ] || printf theirs >sub/b\n';
  await lay({ mkdir: script }, bin);
  await chmod(join(bin, "mkdir"), 0o755);
  await up(treeOf("dash"), files);
  await rm(join(dir, "repo/data/sub"), { recursive: true });
  await symlink(join(outside, "sub"), join(dir, "repo/data/sub"));
  const changed = { ...files, "data/sub/b": "2" };
  await expect(up(treeOf("dash", ["false"], bin), changed)).rejects.toMatchObject({
    code: "STAGING_FAILED",
    message: expect.stringContaining("repo/data/sub: a link is kept in its place") as string,
  });
  expect(await read("repo/data/sub/b")).toBe("theirs");
  const aside = await up(treeOf("dash"), changed);
  expect([aside?.paths, await read("repo/data/sub/b")]).toEqual([["repo/data/sub/b"], "2"]);
  await removeTree(treeOf("dash"), { volumes: true });
});

test("an update that was cut leaves nothing of its own once the next one is whole", async () => {
  const whole = treeOf("dash");
  const changed = { ...files, "data/a": "2", "data/sub/b": "2" };
  for (let step = 1; ; step += 1) {
    await up(whole, files);
    const cut = await up(treeOf("dash", ["false"], await layCutting(step)), changed).then(
      () => false,
      () => true,
    );
    await up(whole, changed);
    expect([step, await removeTree(whole, down), await read(".")]).toEqual([step, undefined, "ENOENT"]);
    if (!cut) break;
    expect(step).toBeLessThan(100);
  }
});

/** A directory of programs that change files; the n-th to be run kills the script before it does anything. */
async function layCutting(step: number): Promise<string> {
  const bin = join(place, "bin");
  await rm(bin, { recursive: true, force: true });
  for (const name of ["rm", "mv", "ln", "mkdir", "rmdir"]) {
    const script = `#!/bin/sh\necho x >>${bin}/count\n[ $(wc -l <${bin}/count) -lt ${step} ] || kill -9 $PPID\nexec /bin/${name} "$@"\n`;
    await lay({ [name]: script }, bin);
    await chmod(join(bin, name), 0o755);
  }
  return bin;
}

/** Until it is killed: `sub` is a directory, a link to another in the tree, a link outside, nothing. */
const swapScript = `cd "$1" || exit
echo ready
exec 2>/dev/null
while :; do
mv sub real; ln -sn "$2/sub" sub; rm -f sub; ln -sn ../../.otto sub; rm -f sub
mv -T real sub || rm -rf real
done`;

test("a file that changes after it was listed is an error and changes nothing, one that grows is sent as it was", async () => {
  const tree = treeOf("dash");
  const local = join(place, "local");
  await lay({ edited: "1", log: "1\n", gone: "1", empty: "" }, local);
  const list = async (name: string) => {
    const { entries } = await listTree([{ localPath: join(local, name), remotePath: `repo/data/${name}` }]);
    return planTree(entries, await readSent(), ["repo/data"]);
  };
  const plans = await Promise.all(["edited", "gone", "empty"].map(list));
  await writeFile(join(local, "edited"), "2");
  await rm(join(local, "gone"));
  await writeFile(join(local, "empty"), "");
  for (const plan of plans.slice(0, 2))
    await expect(updateTree(tree, plan)).rejects.toMatchObject({ code: "STAGING_FILE_CHANGED" });
  expect([await read("repo"), await read(".otto/manifest")]).toEqual(["ENOENT", "ENOENT"]);
  const growing = await list("log");
  await writeFile(join(local, "log"), "1\n2\n");
  await updateTree(tree, growing);
  expect(await read("repo/data/log")).toBe("1\n");
  await removeTree(tree, { volumes: true });
});

test("two logins share a staging root; a directory of another's under our name is refused", async () => {
  const shared = join(place, "shared");
  await chmod(place, 0o755);
  const update = async (login: string) => {
    const shell = shellOf(["setpriv", `--reuid=${login}`, "--clear-groups", "sh"]);
    const { output } = await shell.run(`${stagedDirectoryScript("app", shared)}; printf %s "$dir"`);
    const tree = { shell, remoteDir: output, host: "parent", docker: ["false"], stagingRoot: shared };
    const { entries } = await listTree([{ remotePath: "repo/x", content: login }]);
    await updateTree(tree, planTree(entries, parseSentTree("")));
    return output;
  };
  await execute("mkdir", ["-m", "1777", shared]);
  expect(await update("nobody")).toBe(`${shared}/nobody/stacks/app`);
  expect(await update("daemon")).toBe(`${shared}/daemon/stacks/app`);
  expect(await readFile(join(shared, "nobody/stacks/app/repo/x"), "utf8")).toBe("nobody");
  const { stdout } = await execute("stat", [
    "-c",
    "%U %a",
    join(shared, "nobody"),
    join(shared, "daemon/stacks/app"),
    join(shared, "daemon/stacks/app/repo/x"),
  ]);
  expect(stdout).toBe("nobody 700\ndaemon 700\ndaemon 600\n");
  await execute("chown", ["daemon", join(shared, "nobody")]);
  await expect(update("nobody")).rejects.toMatchObject({
    code: "STAGING_FAILED",
    message: expect.stringContaining("belongs to another login"),
  });
  await execute("chown", ["-R", "nobody", join(shared, "nobody")]);
  // Where a version before put it, it is found and stays.
  await execute("mv", [join(shared, "nobody/stacks"), join(shared, "stacks")]);
  expect(await update("nobody")).toBe(`${shared}/stacks/app`);
});

test.each(["", ".", "..", "../..", "/", "a/../../b", "-x", "$(touch x)", "a\nb", "a'b"])(
  "%j names no directory",
  (name) => {
    expect(() => stagedDirectoryScript(name, undefined)).toThrow(
      expect.objectContaining({ code: "COMPOSE_PROJECT_INVALID" }),
    );
  },
);

test("what containers wrote as root goes as it came, by an image of our own that nothing is left of", async () => {
  const images = async () => (await execute("docker", ["image", "ls", "--all", "--quiet"])).stdout;
  const before = await images();
  const tree = {
    ...treeOf("dash", ["docker"]),
    shell: shellOf(["setpriv", "--reuid=65534", "--regid=65534", `--groups=${await dockerGroup()}`, "sh"]),
  };
  await chmod(place, 0o777);
  await mkdir(join(place, "stacks"), { recursive: true });
  await chmod(join(place, "stacks"), 0o777);
  await up(tree, files);
  await lay({ "repo/data/own/db": "theirs", "repo/data/sub/b": "changed" });
  await chmod(join(dir, "repo/data/own"), 0o700);
  await execute("chown", ["-R", "0:0", join(dir, "repo/data")]);
  await chmod(join(dir, "repo/data/sub"), 0o700);
  const aside = await up(tree, { ...files, "data/a": "2", "data/sub/b": "2", "data/sub/made/x": "2" });
  expect(aside?.paths).toEqual(["repo/data/sub/b"]);
  expect([await read("repo/data/sub/b"), await read("repo/data/own/db")]).toEqual(["2", "theirs"]);
  await removeTree(tree, down);
  expect(await all()).toEqual(expect.arrayContaining(["repo/data/own/db"]));
  expect((await all()).filter((path) => path.startsWith("repo"))).toEqual([
    "repo",
    "repo/data",
    "repo/data/own",
    "repo/data/own/db",
  ]);
  await rm(join(dir, "repo/data/own"), { recursive: true });
  await symlink(outside, join(dir, "repo/data/own"));
  await execute("chown", ["-h", "0:0", join(dir, "repo/data/own"), join(dir, "repo/data")]);
  await removeTree(tree, { volumes: true });
  expect(await read(".")).toBe("ENOENT");
  expect(await images()).toBe(before);
});

async function dockerGroup(): Promise<string> {
  return (await execute("stat", ["-c", "%g", "/var/run/docker.sock"])).stdout.trim();
}
