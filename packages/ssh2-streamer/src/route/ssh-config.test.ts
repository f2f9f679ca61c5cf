import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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
/** Host name, port and user as OpenSSH's client reads them. */
function askOpenSsh(file: string, alias: string): (string | undefined)[] {
  const stdio = ["ignore", "pipe", "ignore"] as const;
  const lines = execFileSync("ssh", ["-G", "-F", file, alias], { encoding: "utf8", stdio: [...stdio] }).split("\n");
  const find = (name: string) => lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1);
  return [find("hostname"), find("port"), find("user")];
}

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

test("a key that several sections name is tried once", () => {
  const twice = "Host box\n  IdentityFile ~/.ssh/a\nHost *\n  IdentityFile %d/.ssh/a\n  IdentityFile ~/.ssh/b\n";
  const [host] = resolveSshConfig(twice, "box", "/home/u");
  expect(host?.identityFiles).toEqual(["/home/u/.ssh/a", "/home/u/.ssh/b"]);
});

test.each(["box", "alias", "first", "second", "bad", "bus", "unknown", "Unknown", "First"])(
  "OpenSSH reads the same of %s",
  (alias) => {
    const directory = mkdtempSync(join(tmpdir(), "otto-config-"));
    const file = join(directory, "config");
    writeFileSync(file, text);
    const theirs = askOpenSsh(file, alias);
    rmSync(directory, { recursive: true });
    const ours = resolve(alias).at(-1);
    expect([ours?.host, String(ours?.port), ours?.username]).toEqual(theirs);
  },
);

test("included files count where they are named, and their hosts end with them", () => {
  const files: Record<string, readonly string[]> = {
    "conf.d/*": ["Host one\n  Port 2201\n", "Host two\n  Include users\n"],
    users: ["User second\n"],
  };
  const main = "Include conf.d/*\nUser everyone\nHost one\n  Port 1\n  User late\n";
  const directory = mkdtempSync(join(tmpdir(), "otto-config-"));
  const file = (name: string) => join(directory, name.replace("*", "all"));
  for (const [name, texts] of Object.entries(files)) {
    mkdirSync(dirname(file(name)), { recursive: true });
    const text = texts.join("").replace("Include users", `Include ${file("users")}`);
    writeFileSync(file(name), text);
  }
  writeFileSync(join(directory, "config"), main.replace("conf.d/*", file("conf.d/*")));
  for (const alias of ["one", "two", "three"]) {
    const ours = resolveSshConfig(main, alias, "/home/u", (pattern) => files[pattern] ?? []).at(-1);
    const theirs = askOpenSsh(join(directory, "config"), alias);
    expect([ours?.host, String(ours?.port), ours?.username], alias).toEqual(theirs);
  }
  rmSync(directory, { recursive: true });
});

test("a file that includes itself is refused", () => {
  const read = () => ["Include again"];
  expect(() => resolveSshConfig("Include again", "box", "/home/u", read)).toThrow("deeper than 16 files");
});

test("hosts below an Include below a Host are refused", () => {
  const read = () => ["Host inner\n  Port 2"];
  expect(() => resolveSshConfig("Host outer\n  Include more", "outer", "/home/u", read)).toThrow("has a Host or Match");
});

test.each([
  ["loop", "jumps in a circle: loop, pool, loop"],
  ["command", "ProxyCommand"],
])("%s is refused", (alias, message) => {
  expect(() => resolve(alias)).toThrow(expect.objectContaining({ code: "SSH_CONFIG_INVALID" }) as Error);
  expect(() => resolve(alias)).toThrow(message);
});
