import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { isOttoError } from "@otto/errors";
import fc from "fast-check";
import { createOpenSshQuery, type LocalMachine, resolveSshConfig, type SshConfigHost } from "ssh2-streamer";
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
  { weight: 2, arbitrary: fc.constantFrom("*", "b*", "?ox", "*.example.com", "10.0.0.*", "ga??", "*o*", "**", "*b*x") },
  { weight: 1, arbitrary: fc.constantFrom("!box", "!gate", "!*", "!b*", '"box"', "box,gate", "BOX") },
);
const patterns = fc.array(pattern, { minLength: 1, maxLength: 3 }).map((list) => list.join(" "));
const list = patterns.map((text) => text.replaceAll('"', "").split(" ").join(","));
const condition = fc.oneof(
  fc.tuple(fc.constantFrom("host", "originalhost", "HOST", "!host", "!originalhost"), list).map((it) => it.join(" ")),
  list.map((value) => `host=${value}`),
  fc
    .tuple(fc.constantFrom("user", "!user", "localuser"), fc.constantFrom("me", "you", "m*,you", "nobody"))
    .map((it) => it.join(" ")),
);
const section = fc.oneof(
  { weight: 8, arbitrary: patterns.map((text) => `Host ${text}`) },
  {
    weight: 3,
    arbitrary: fc.oneof(
      {
        weight: 1,
        arbitrary: fc.constantFrom("Match all", "match ALL", "Match exec true", "Match exec false", "Match final"),
      },
      {
        weight: 6,
        arbitrary: fc.array(condition, { minLength: 1, maxLength: 2 }).map((all) => `Match ${all.join(" ")}`),
      },
    ),
  },
);
const paths = ["~/.ssh/a", "/keys/b", "none", '"/keys/with space"', "%d/c", "/keys/%h-%n-%p-%r-%u-%k-%%"] as const;
const files = fc.oneof(
  fc.constant("none"),
  fc.array(fc.constantFrom("~/.ssh/a", "/keys/b", '"/keys/with space"'), { minLength: 1, maxLength: 3 }).map(joinWords),
);
const option = fc
  .oneof(
    fc.tuple(
      fc.constantFrom("HostName", "hostname", "HOSTNAME"),
      fc.constantFrom("10.0.0.8", "%h.example.com", "real", "100%%", "::1"),
    ),
    fc.tuple(fc.constantFrom("Port", "port"), fc.constantFrom("22", "2222", "65535", "022")),
    fc.tuple(fc.constantFrom("User", "user"), fc.constantFrom("me", "you", "a.b", '"me"', "'me'", "m\\ e")),
    fc.tuple(fc.constantFrom("IdentityFile", "identityfile", "CertificateFile"), fc.constantFrom(...paths)),
    fc.tuple(fc.constant("IdentityAgent"), fc.constantFrom("none", "SSH_AUTH_SOCK", "~/agent-%r", "/run/a")),
    fc.tuple(
      fc.constant("ProxyJump"),
      fc.constantFrom("gate", "none", "you@gate:2222", "gate,inner.example.com", "box"),
    ),
    fc.tuple(fc.constant("ProxyCommand"), fc.constantFrom("nc %h %p", "none", 'nc "%h" # %p', "ssh -W [%h]:%p gate")),
    fc.tuple(fc.constantFrom("UserKnownHostsFile", "GlobalKnownHostsFile"), files),
    fc.tuple(fc.constant("HostKeyAlias"), fc.constantFrom("rack", "Box")),
    fc.tuple(fc.constant("StrictHostKeyChecking"), fc.constantFrom("yes", "no", "off", "ask", "accept-new", "YES")),
    fc.tuple(fc.constant("ConnectTimeout"), fc.constantFrom("7", "0", "1m30", "none", "2h", "10s")),
    fc.tuple(fc.constantFrom("ServerAliveInterval", "ServerAliveCountMax"), fc.constantFrom("3", "7")),
    fc.tuple(fc.constantFrom("Compression", "IdentitiesOnly", "GSSAPIAuthentication"), fc.constantFrom("yes", "no")),
    fc.tuple(fc.constantFrom("PKCS11Provider", "RevokedHostKeys"), fc.constantFrom("/k/file", "none", '"/k/a b"')),
    fc.tuple(fc.constant("ControlPath"), fc.constantFrom("none", "~/.ssh/cm-%r@%h:%p", "/run/%n")),
    fc.tuple(
      fc.constant("KexAlgorithms"),
      fc.constantFrom("curve25519-sha256", "ecdh-sha2-nistp256,curve25519-sha256"),
    ),
    fc.tuple(fc.constantFrom("Ciphers"), fc.constantFrom("aes256-ctr", "aes128-ctr,aes256-ctr")),
    fc.tuple(fc.constantFrom("ForwardAgent", "LogLevel", "AddKeysToAgent"), fc.constantFrom("no")),
  )
  .filter(([keyword]) => keyword !== "LogLevel");
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

function joinWords(words: readonly string[]): string {
  return words.join(" ");
}

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
  const ours = () => resolveSshConfig({ text, local, readInclude: () => [includedText] }, alias);
  const reference = () => createOpenSshQuery({ local, configFile: file })(alias);
  return { ours: await readFacts(ours), reference: await readFacts(reference) };
}

const { homedir: home, username, uid } = userInfo();
const local: LocalMachine = { home, username, uid, hostName: hostname(), env: process.env };
const refused: Facts = { refused: "yes" };

async function readFacts(find: () => Promise<readonly SshConfigHost[] | undefined>): Promise<Facts> {
  try {
    const route = await find();
    if (route === undefined) throw new Error("there is no ssh");
    const facts = route.toReversed().map((host, index) => hostFacts(index, host));
    return Object.assign({}, ...facts) as Facts;
  } catch (error) {
    if (!isOttoError(error)) throw error;
    return refused;
  }
}

/** What a configuration says that `ssh` does without it is no difference. */
const usual: Readonly<Record<string, unknown>> = {
  strictHostKeyChecking: "ask",
  serverAliveIntervalMs: 0,
  serverAliveCountMax: 3,
  username,
};

function hostFacts(index: number, host: SshConfigHost): Facts {
  const prefix = index === 0 ? "" : `jump ${index} `;
  const said = Object.entries(host).filter(([name, value]) => value !== undefined && value !== usual[name]);
  return Object.fromEntries(said.map(([name, value]) => [`${prefix}${name}`, JSON.stringify(value)]));
}
