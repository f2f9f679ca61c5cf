import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { endableLine, isDirect } from "./endable-command.js";

test.each([
  [["docker", "compose"], true],
  [["/usr/local/bin/docker"], true],
  [["docker-compose"], true],
  [["sudo", "docker"], false],
  [["mydocker"], false],
  [["docker.sh"], false],
  [[], false],
])("%j is the docker client itself: %s", (argv, direct) => {
  expect(isDirect(argv)).toBe(direct);
});

test("a command of docker's own is run as it is", () => {
  expect(endableLine(["docker"], "docker ps")).toBe("docker ps");
});

test.each([
  ["with `script` of util-linux", ["sh", "cat", "grep", "script"]],
  ["without it", ["sh", "cat", "grep"]],
])("what something else runs keeps its streams and its exit code, %s", (_, programs) => {
  const bin = mkdtempSync(join(tmpdir(), "otto-endable-"));
  for (const name of programs) symlinkSync(`/usr/bin/${name}`, join(bin, name));
  const line = endableLine(["sudo"], `sh -c 'cat; echo "it'"'"'s \\$out"; echo err >&2; exit 3'`);
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", line], {
    ...{ input: "in\n", encoding: "utf8", env: { PATH: bin } },
  });
  rmSync(bin, { recursive: true });
  expect({ status, stdout, stderr }).toEqual({ status: 3, stdout: "in\nit's $out\n", stderr: "err\n" });
});
