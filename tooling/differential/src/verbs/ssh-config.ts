import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { isOttoError } from "@otto/errors";
import fc from "fast-check";
import { resolveSshConfig, type SshConfigHost } from "ssh2-streamer";
import { askReference } from "../reference-command.js";
import type { Facts, Outcome, Verb } from "../verb.js";
import { oneByOne } from "./one-by-one.js";

/** A client configuration and a name that is looked up in it. */
export interface SshConfigInput {
  readonly lines: readonly string[];
  readonly included: readonly string[];
  readonly alias: string;
}

const names = ["box", "gate", "inner.example.com", "10.0.0.7", "Box"];
const nameOf = fc.constantFrom(...names);
const pattern = fc.oneof(
  { weight: 4, arbitrary: nameOf },
  { weight: 2, arbitrary: fc.constantFrom("*", "b*", "?ox", "*.example.com", "10.0.0.*", "ga??", "*o*") },
  { weight: 1, arbitrary: fc.constantFrom("!box", "!gate", "!*", "!b*", '"box"', "box,gate", "BOX") },
);
const patterns = fc.array(pattern, { minLength: 1, maxLength: 3 }).map((list) => list.join(" "));
const section = fc.oneof(
  { weight: 8, arbitrary: patterns.map((list) => `Host ${list}`) },
  {
    weight: 2,
    arbitrary: fc.oneof(
      fc.constant("Match all"),
      patterns.map((list) => `Match host ${list.split(" ").join(",")}`),
      patterns.map((list) => `Match originalhost ${list.split(" ").join(",")}`),
      fc.constantFrom("Match user me", "Match host box user me", "Match exec true", "Match exec false"),
    ),
  },
);
const option = fc
  .oneof(
    fc.tuple(
      fc.constantFrom("HostName", "hostname", "HOSTNAME"),
      fc.constantFrom("10.0.0.8", "%h.example.com", "real", "100%%", "::1"),
    ),
    fc.tuple(fc.constantFrom("Port", "port"), fc.constantFrom("22", "2222", "65535", "022")),
    fc.tuple(fc.constantFrom("User", "user"), fc.constantFrom("me", "you", "a.b", '"me"')),
    fc.tuple(
      fc.constantFrom("IdentityFile", "identityfile"),
      fc.constantFrom("~/.ssh/a", "/keys/b", "none", '"/keys/with space"', "%d/c", "/keys/%h"),
    ),
    fc.tuple(
      fc.constant("ProxyJump"),
      fc.constantFrom("gate", "none", "you@gate:2222", "gate,inner.example.com", "box"),
    ),
    fc.tuple(fc.constantFrom("Compression", "ServerAliveInterval", "ForwardAgent"), fc.constantFrom("yes")),
  )
  .filter(([keyword]) => keyword !== "ServerAliveInterval");
const separator = fc.oneof(
  { weight: 8, arbitrary: fc.constant(" ") },
  { weight: 2, arbitrary: fc.constantFrom("=", " = ", "\t", "  ", " =") },
);
const line = fc.oneof(
  { weight: 5, arbitrary: section },
  {
    weight: 12,
    arbitrary: fc
      .tuple(fc.constantFrom("", "  ", "\t"), option, separator, fc.constantFrom("", "", "", " ", " # comment", "\r"))
      .map(([indent, [keyword, value], between, tail]) => `${indent}${keyword}${between}${value}${tail}`),
  },
  { weight: 1, arbitrary: fc.constantFrom("", "# comment", "  # Host *") },
  { weight: 1, arbitrary: fc.constant("Include INCLUDED") },
);

/** What an OpenSSH client configuration says of a machine and the way to it. */
export const sshConfigVerb: Verb<SshConfigInput> = {
  name: "ssh-config",
  reference: "ssh -G",
  inputs: fc.record({
    lines: fc.array(line, { minLength: 1, maxLength: 10 }),
    included: fc.array(
      line.filter((text) => !text.startsWith("Include")),
      { maxLength: 4 },
    ),
    alias: nameOf,
  }),
  batch: 4,
  async open() {
    const work = await mkdtemp(join(tmpdir(), "otto-ssh-config-"));
    return {
      compareAll: oneByOne((input) => compare(work, input)),
      [Symbol.asyncDispose]: () => rm(work, { recursive: true, force: true }),
    };
  },
};

async function compare(work: string, { lines, included, alias }: SshConfigInput): Promise<Outcome> {
  const [file, includedFile] = [join(work, "config"), join(work, "included")];
  const text = `${lines.join("\n")}\n`.replaceAll("INCLUDED", includedFile);
  const includedText = `${included.join("\n")}\n`;
  await writeFile(file, text);
  await writeFile(includedFile, includedText);
  return { ours: readOurs(text, includedText, alias), reference: await readReference(file, alias) };
}

const home = userInfo().homedir;
const refused: Facts = { refused: "yes" };

function readOurs(text: string, included: string, alias: string): Facts {
  try {
    const route = resolveSshConfig(text, alias, home, () => [included]);
    const facts = route.toReversed().map((host, index) => hostFacts(index, host));
    return Object.assign({}, ...facts) as Facts;
  } catch (error) {
    if (!isOttoError(error)) throw error;
    return refused;
  }
}

function hostFacts(index: number, { host, port, username, identityFiles }: SshConfigHost): Facts {
  const prefix = index === 0 ? "" : `jump ${index} `;
  return {
    [`${prefix}hostname`]: host,
    [`${prefix}port`]: String(port),
    [`${prefix}user`]: username ?? userInfo().username,
    [`${prefix}identity files`]: identityFiles.join("\n"),
  };
}

/** Follows the jumps as `ssh` does: it reaches the last one through those before it. */
async function readReference(file: string, alias: string): Promise<Facts> {
  const facts: Facts[] = [];
  let [target, jumps]: [string, string | undefined] = [alias, undefined];
  for (let index = 0; ; index++) {
    const asked = await askHost(file, target, jumps);
    // Beyond 16 machines it is a circle.
    if (asked === undefined || index > 16) return refused;
    facts.push(hostFacts(index, asked.host));
    const words = asked.proxyJump?.split(",") ?? [];
    const last = words.pop();
    if (last === undefined) return Object.assign({}, ...facts) as Facts;
    target = last;
    jumps = words.length === 0 ? undefined : words.join(",");
  }
}

async function askHost(file: string, target: string, jumps: string | undefined) {
  const [, user, host = "", port] = /^(?:([^@]+)@)?(.*?)(?::(\d+))?$/.exec(target) ?? [];
  const options = [
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", port]),
    ...(jumps === undefined ? [] : ["-J", jumps]),
  ];
  const { exitCode, stdout } = await askReference(["ssh", "-G", "-F", file, ...options, "--", host]);
  if (exitCode !== 0) return undefined;
  const lines = stdout.toString().split("\n");
  const all = (name: string) =>
    lines.filter((text) => text.startsWith(`${name} `)).map((text) => text.slice(name.length + 1));
  const [hostname = "", found = ""] = [all("hostname")[0], all("port")[0]];
  const files = all("identityfile").filter((path) => path !== "none" && !isDefault.test(path));
  return {
    proxyJump: all("proxyjump")[0],
    host: {
      alias: host,
      host: hostname,
      port: Number(found),
      username: all("user")[0],
      identityFiles: files.map((path) => expand(path, hostname)),
      identityAgent: undefined,
    },
  };
}

/** Those that ssh tries where the configuration names none. */
const isDefault = /^~\/\.ssh\/id_/;

/** `ssh -G` prints some paths as they are written. */
function expand(path: string, host: string): string {
  return path
    .replace(/^~(?=\/)/, home)
    .replaceAll("%d", home)
    .replaceAll("%h", host);
}
