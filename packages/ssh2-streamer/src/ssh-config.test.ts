import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveSshConfig } from "./ssh-config.js";

const text = `
Host box alias
  HostName 10.0.0.7
  User me
  IdentityFile ~/.ssh/a
  identityfile %d/keys/b
  ProxyJump first,you@second:2222
Host first
  hostname %h.example.com
Host second
  ProxyJump none
Host b* !bad
  Port 2200
Host loop
  ProxyJump pool
Host pool
  ProxyJump loop
Host command
  ProxyCommand nc %h %p
Host *
  User other
  IdentityFile ~/.ssh/c
`;
const resolve = (alias: string) => resolveSshConfig(text, alias, "/home/u");

test("a host with jumps becomes the route through them", () => {
  const last = { identityFiles: ["/home/u/.ssh/c"], identityAgent: undefined };
  expect(resolve("box")).toEqual([
    { alias: "first", host: "first.example.com", port: 22, username: "other", ...last },
    { alias: "second", host: "second", port: 2222, username: "you", ...last },
    {
      alias: "box",
      host: "10.0.0.7",
      port: 2200,
      username: "me",
      identityFiles: ["/home/u/.ssh/a", "/home/u/keys/b", "/home/u/.ssh/c"],
      identityAgent: undefined,
    },
  ]);
});

test.each(["box", "alias", "first", "second", "bad", "bus", "unknown"])("OpenSSH reads the same of %s", (alias) => {
  const directory = mkdtempSync(join(tmpdir(), "otto-config-"));
  const file = join(directory, "config");
  writeFileSync(file, text);
  const lines = execFileSync("ssh", ["-G", "-F", file, alias], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).split("\n");
  rmSync(directory, { recursive: true });
  const theirs = (name: string) => lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
  const ours = resolve(alias).at(-1);
  expect([ours?.host, String(ours?.port), ours?.username]).toEqual([
    theirs("hostname"),
    theirs("port"),
    theirs("user"),
  ]);
});

test.each([
  ["loop", "jumps in a circle: loop, pool, loop"],
  ["command", "ProxyCommand"],
])("%s is refused", (alias, message) => {
  expect(() => resolve(alias)).toThrow(expect.objectContaining({ code: "SSH_CONFIG_INVALID" }) as Error);
  expect(() => resolve(alias)).toThrow(message);
});
