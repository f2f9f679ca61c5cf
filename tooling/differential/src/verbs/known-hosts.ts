import { createHmac } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isOttoError } from "@otto/errors";
import { type Lab, type LabHost, startLab } from "@otto/lab";
import fc from "fast-check";
import { openSshSession } from "ssh2-streamer";
import { askReference } from "../reference-command.js";
import type { Facts, Outcome, Verb } from "../verb.js";
import { endpointOf, sshOptions } from "./lab-parent.js";
import { oneByOne } from "./one-by-one.js";

/** A known_hosts file; `PORT` stands for the server's port, `KEY0` to `KEY2` for its keys, `HASH(name)` for a hashed name. */
export interface KnownHostsInput {
  readonly lines: readonly string[];
  /** So many of the last lines stand in the file for all users. */
  readonly global: number;
  readonly newline: string;
  /** Whether the user's file ends in the middle of its last line. */
  readonly unended: boolean;
  /** `HostKeyAlias` */
  readonly alias: string | undefined;
  readonly host: "127.0.0.1" | "localhost";
  /** Whether the key of an unknown host is recorded. */
  readonly learns: boolean;
}

const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("[127.0.0.1]:PORT", "[localhost]:PORT", "127.0.0.1", "localhost") },
  {
    weight: 2,
    arbitrary: fc.constantFrom("[127.0.0.1]:22", "[127.0.0.1]:1", "other", "[LOCALHOST]:PORT", "LocalHost"),
  },
  { weight: 2, arbitrary: fc.constantFrom("*", "[127.*]:PORT", "[*]:PORT", "[127.0.0.?]:*", "local*", "1?7.0.0.1") },
  { weight: 2, arbitrary: fc.constantFrom("rack", "RACK", "rack,[127.0.0.1]:PORT", "[rack]:PORT", "r*") },
  { weight: 1, arbitrary: fc.constantFrom("![127.0.0.1]:PORT", "!localhost", "!*", "!other", "[127.0.0.1]", "") },
);
const names = fc.oneof(
  { weight: 4, arbitrary: fc.array(name, { minLength: 1, maxLength: 3 }).map((list) => list.join(",")) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "HASH([127.0.0.1]:PORT)",
      "HASH(localhost)",
      "HASH([localhost]:PORT)",
      "HASH(rack)",
      "HASH(Rack)",
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("HASH(127.0.0.1),other", "|1|broken", "|1||", "|2|a|b") },
);
const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const key = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("KEY0", "KEY0", "KEY1", "KEY2") },
  { weight: 2, arbitrary: fc.constant(other) },
  { weight: 1, arbitrary: fc.constantFrom("ssh-ed25519 AAAA", "ssh-ed25519", "nonsense AAAA", "", "ssh-rsa KEYTEXT0") },
);
const line = fc.oneof(
  {
    weight: 10,
    arbitrary: fc
      .record({
        before: fc.oneof(
          { weight: 6, arbitrary: fc.constant("") },
          { weight: 1, arbitrary: fc.constantFrom(" ", "\t") },
        ),
        marker: fc.oneof(
          { weight: 8, arbitrary: fc.constant("") },
          {
            weight: 2,
            arbitrary: fc.constantFrom("@revoked ", "@cert-authority ", "@bogus ", "@revoked\t", "@REVOKED "),
          },
        ),
        names,
        between: fc.constantFrom(" ", " ", " ", "\t", "  "),
        key,
        tail: fc.constantFrom("", "", " a comment", " #x", " ", "\t"),
      })
      .map((it) => `${it.before}${it.marker}${it.names}${it.between}${it.key}${it.tail}`),
  },
  { weight: 1, arbitrary: fc.constantFrom("", "# comment", " # KEY0", "nonsense", "@revoked") },
);

/** Which host keys are trusted, and what is recorded of a first one. */
export const knownHostsVerb: Verb<KnownHostsInput> = {
  name: "known-hosts",
  reference: "ssh",
  inputs: fc.record({
    lines: fc.array(line, { minLength: 1, maxLength: 4 }),
    global: fc.constantFrom(0, 0, 1, 2),
    unended: fc.constantFrom(false, false, false, true),
    alias: fc.constantFrom(undefined, undefined, undefined, "rack", "Rack", "[127.0.0.1]:1"),
    newline: fc.oneof({ weight: 8, arbitrary: fc.constant("\n") }, { weight: 1, arbitrary: fc.constant("\r\n") }),
    host: fc.constantFrom("127.0.0.1", "127.0.0.1", "localhost"),
    learns: fc.boolean(),
  }),
  batch: 2,
  async open() {
    const work = await mkdtemp(join(tmpdir(), "otto-known-hosts-"));
    const lab = await startLab({ hosts: { parent: { hostKeyTypes: ["ed25519", "ecdsa", "rsa"] } } });
    return {
      compareAll: oneByOne((input) => compare({ work, lab, server: lab.hosts.parent }, input)),
      async [Symbol.asyncDispose]() {
        await lab[Symbol.asyncDispose]();
        await rm(work, { recursive: true, force: true });
      },
    };
  },
};

interface Place {
  readonly work: string;
  readonly lab: Lab;
  readonly server: LabHost;
}

async function compare(place: Place, input: KnownHostsInput): Promise<Outcome> {
  const end = input.lines.length - input.global;
  const fill = (lines: readonly string[]) => fillIn(place.server, lines.map((each) => each + input.newline).join(""));
  const [own, ofAll] = [input.lines.slice(0, Math.max(end, 0)), input.lines.slice(Math.max(end, 0))].map(fill);
  const text = input.unended ? (own ?? "").slice(0, -input.newline.length) : (own ?? "");
  await writeFile(join(place.work, "global"), ofAll ?? "");
  return { ours: await askOurs(place, input, text), reference: await askSsh(place, input, text) };
}

function fillIn({ port, hostKeys }: LabHost, text: string): string {
  const keys = hostKeys.map(({ publicKey }) => publicKey.split(" ").slice(0, 2).join(" "));
  return text
    .replaceAll("PORT", String(port))
    .replaceAll(/KEYTEXT(\d)/g, (_all, index: string) => keys[Number(index)]?.split(" ")[1] ?? "")
    .replaceAll(/KEY(\d)/g, (_all, index: string) => keys[Number(index)] ?? "")
    .replaceAll(/HASH\(([^)]*)\)/g, (_all, hashed: string) => hash(hashed));
}

const salt = Buffer.from("0123456789abcdefghij");

function hash(hashed: string): string {
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(hashed).digest("base64")}`;
}

async function askOurs(
  { work, server }: Place,
  { host, learns, alias }: KnownHostsInput,
  text: string,
): Promise<Facts> {
  const file = join(work, "ours");
  await writeFile(file, text);
  const hostKey = { knownHosts: [file, join(work, "global")], ...(learns ? { learn: { file } } : {}) };
  await using session = openSshSession([
    { ...endpointOf(server), host, hostKey, hostKeyAlias: alias, transport: "ssh2" },
  ]);
  try {
    await session.connect();
    return { verdict: "trusted", file: await readFile(file, "latin1") };
  } catch (error) {
    if (!isOttoError(error) || !error.code.startsWith("SSH_HOST_KEY_")) throw error;
    return { verdict: "not trusted", file: await readFile(file, "latin1") };
  }
}

async function askSsh(
  { work, lab, server }: Place,
  { host, learns, alias }: KnownHostsInput,
  text: string,
): Promise<Facts> {
  const file = join(work, "reference");
  await writeFile(file, text);
  const checking = learns ? ["-o", "StrictHostKeyChecking=accept-new"] : [];
  const aliased = alias === undefined ? [] : ["-o", `HostKeyAlias=${alias}`];
  const global = ["-o", `GlobalKnownHostsFile=${join(work, "global")}`];
  const options = [...checking, ...aliased, ...global, "-o", "UpdateHostKeys=no", ...sshOptions(lab, server, file)];
  const { exitCode, stderr } = await askReference(["ssh", ...options, host, "true"]);
  if (exitCode !== 0 && !/Host key verification failed|REMOTE HOST IDENTIFICATION|revoked/.test(stderr.toString()))
    throw new Error(`ssh: ${stderr.toString()}`);
  return { verdict: exitCode === 0 ? "trusted" : "not trusted", file: await readFile(file, "latin1") };
}
