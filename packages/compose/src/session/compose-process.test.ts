import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ComposeRun, formatRun } from "./compose-process.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "otto-run-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Makes a program of a shell script. */
function program(name: string, script: string): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

/** Runs a command's script as a parent's `sh` does, whose login has these variables. */
function run(argv: readonly string[], options: ComposeRun = {}, env: Readonly<Record<string, string>> = {}) {
  const own = { PATH: process.env.PATH, HOME: directory, ...env };
  return spawnSync("sh", ["-c", formatRun(argv, options)], { env: own, encoding: "utf8" });
}

const variables = (output: string) =>
  new Map(output.split("\n").map((line) => line.split(/=(.*)/s, 2) as [string, string]));

test("of the parent's environment docker gets only what is its own, and of ours what is given", () => {
  const kept = {
    DOCKER_CONFIG: "c",
    BUILDX_BUILDER: "b",
    SSH_AUTH_SOCK: "s",
    XDG_RUNTIME_DIR: "x",
    LD_LIBRARY_PATH: "",
  };
  const login = { TAG: "the parent's", APP_SECRET: "the parent's", TZ: "the parent's", LINES_: "a\nTAG=b", ...kept };
  const environment = { TAG: "ours", EMPTY: "", QUOTED: 'it\'s "a" $HOME `id` \\ \n b' };
  const { stdout } = run([program("docker", "env -0 | tr '\\000\\n' '\\n|'")], { environment }, login);
  const found = variables(stdout);
  expect(Object.fromEntries([...found].filter(([name]) => name in login || name in environment))).toEqual({
    ...kept,
    ...environment,
    QUOTED: environment.QUOTED.replace("\n", "|"),
  });
  expect(found.get("HOME")).toBe(directory);
});

test("what sudo and the like run gets its variables by a file that compose reads twice, and by no other way", () => {
  const script = `printf '<%s>' "$@"; echo; cat "$2"; echo --; cat "$2"; env | grep -c ours || :`;
  const values = { A: "ours", B: 'say "hi" \\ $HOME', C: "two\nlines", D: "" };
  const { stdout } = run([program("sudo", script), "docker", "compose", "up"], { environment: values });
  const lines = 'A="ours"\nB="say \\"hi\\" \\\\ \\$HOME"\nC="two\nlines"\nD=""\n';
  expect(stdout).toBe(`<--env-file></dev/stdin><docker><compose><up>\n${lines}--\n${lines}0\n`);
});

test("the file goes before and behind those that the command names already: their values are made of it, and the last one wins", () => {
  const sudo = program("sudo", `printf '<%s>' "$@"`);
  const { stdout } = run([sudo, "docker", "compose", "--env-file", "a", "--env-file", "b", "up"], {
    environment: { A: "1" },
  });
  expect(stdout).toBe(
    "<docker><compose><--env-file></dev/stdin><--env-file><a><--env-file><b><--env-file></dev/stdin><up>",
  );
});

test("options of the program that compose runs are none of compose's", () => {
  const sudo = program("sudo", `printf '<%s>' "$@"`);
  const argv = [sudo, "docker", "compose", "--env-file", "a", "run", "--", "web", "tool", "--env-file", "x"];
  expect(run(argv, { environment: { A: "1" } }).stdout).toBe(
    "<docker><compose><--env-file></dev/stdin><--env-file><a><--env-file></dev/stdin><run><--><web><tool><--env-file><x>",
  );
});

test("without variables no file is made, and the command is as it was given", () => {
  expect(run([program("sudo", `printf '<%s>' "$@"`), "docker", "a b", "$HOME"]).stdout).toBe("<docker><a b><$HOME>");
});

test("it runs where it is told to, or not at all", () => {
  const docker = program("docker", "pwd");
  mkdirSync(join(directory, "a b"));
  expect(run([docker], { cwd: join(directory, "a b") }).stdout).toBe(`${join(directory, "a b")}\n`);
  expect(run([docker], { cwd: join(directory, "gone") })).toMatchObject({ status: 1, stdout: "" });
});

test("stderr is in the output unless it is left out, and the exit code is the command's", () => {
  const docker = program("docker", "echo out; echo err >&2; exit 7");
  expect(run([docker])).toMatchObject({ status: 7, stdout: "out\nerr\n" });
  expect(run([docker], { joinsStderr: false })).toMatchObject({ status: 7, stdout: "out\n" });
});

test("the process that is told of is the command itself", () => {
  const { stdout, stderr } = run([program("docker", "echo $$")]);
  expect(stderr).toBe(`pid ${stdout}`);
});
