import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { findAuthorities, findSoleAuthority, judgeHostKey, orderHostKeyAlgorithms } from "./host-key.js";
import { formatFingerprint, hostNamesOf, parseKnownHosts } from "./known-hosts.js";

function wireKey(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.from(body)]);
}

const good = wireKey("ssh-ed25519", "good");
const bad = wireKey("ssh-ed25519", "bad");
const rsa = wireKey("ssh-rsa", "rsa");
const line = (names: string, key: Buffer, marker = "") =>
  `${marker}${names} ${key === rsa ? "ssh-rsa" : "ssh-ed25519"} ${key.toString("base64")} comment`;

function hash(name: string): string {
  const salt = Buffer.from("salt");
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

const at = { host: "box", port: 22 };
const judge = (lines: readonly string[], key: Buffer, where = at) =>
  judgeHostKey(parseKnownHosts(lines.join("\n"), "kh"), hostNamesOf(where), key).verdict;

test.each<[string, string[], string]>([
  ["the same name and key", [line("box", good)], "trusted"],
  ["a hashed name", [line(hash("box"), good)], "trusted"],
  ["one of several names", [line("a,box,b", good)], "trusted"],
  ["a wildcard", [line("b?x", good), line("b*", bad)], "trusted"],
  ["a negated pattern", [line("*,!box", good)], "unknown"],
  ["a name in capitals", [line("BOX", good)], "trusted"],
  ["several keys, one of them right", [line("box", rsa), line("box", bad), line("box", good)], "trusted"],
  ["another key of the type", [line("box", bad)], "changed"],
  ["a key of another type only", [line("box", rsa)], "changed"],
  ["a revoked key, also on a good line", [line("box", good), line("*", good, "@revoked ")], "revoked"],
  ["a revocation of another key", [line("box", good), line("*", bad, "@revoked ")], "trusted"],
  ["a certificate authority", [line("box", bad, "@cert-authority ")], "unknown"],
  ["comments, blanks and half lines", ["# box", "", "   ", "box ssh-ed25519", "junk"], "unknown"],
  ["what is left of a key", ["box ssh-ed25519 AAAA"], "unknown"],
  ["a key under the name of another type", [`box ssh-rsa ${bad.toString("base64")}`], "unknown"],
  ["another host", [line("fox", good)], "unknown"],
])("%s", (_, lines, verdict) => {
  expect(judge(lines, good)).toBe(verdict);
});

test("a port other than 22 is part of the name; a line without it can prove but not contradict", () => {
  const where = { host: "box", port: 2222 };
  expect(judge([line("[box]:2222", good)], good, where)).toBe("trusted");
  expect(judge([line("[box]:2222", bad)], good, where)).toBe("changed");
  expect(judge([line("box", good)], good, where)).toBe("trusted");
  expect(judge([line("box", bad)], good, where)).toBe("unknown");
  expect(judge([line(hash("[box]:2222"), good)], good, where)).toBe("trusted");
});

test("a line without the port proves nothing beside one with it that differs, by key or by type", () => {
  const where = { host: "box", port: 2222 };
  for (const other of [bad, rsa]) {
    expect(judge([line("[box]:2222", other), line("box", good)], good, where)).toBe("changed");
    expect(judge([line("box", good), line(hash("[box]:2222"), other)], good, where)).toBe("changed");
  }
  expect(judge([line("[box]:2222", bad), line("[box]:2222", good), line("box", bad)], good, where)).toBe("trusted");
  expect(judge([line("box", good, "@revoked "), line("[box]:2222", good)], good, where)).toBe("revoked");
});

test("an alias is the only name of a host, whatever its address and port", () => {
  const where = { host: "box", port: 2222, hostKeyAlias: "Rack-7" };
  expect(judge([line("rack-7", good)], good, where)).toBe("trusted");
  expect(judge([line(hash("rack-7"), good)], good, where)).toBe("trusted");
  expect(judge([line("[rack-7]:2222", bad), line("box", bad), line("[box]:2222", bad)], good, where)).toBe("unknown");
});

test("a host is known by an authority alone where no key of its is on record", () => {
  const names = hostNamesOf({ host: "box", port: 2222 });
  const authority = line("*", rsa, "@cert-authority ");
  const [sole, all] = [findSoleAuthority, findAuthorities].map(
    (find) =>
      (...lines: string[]) =>
        [find(parseKnownHosts(lines.join("\n"), "kh"), names)].flat().map((it) => it?.line),
  );
  expect(sole?.(authority)).toEqual([1]);
  expect(sole?.(line("other", good), authority)).toEqual([2]);
  expect(sole?.(authority, line("[box]:2222", good))).toEqual([undefined]);
  expect(sole?.(authority, line("box", good))).toEqual([undefined]);
  expect(sole?.(line("fox", rsa, "@cert-authority "))).toEqual([undefined]);
  expect(all?.(authority, line("[box]:2222", good), line("box", bad, "@cert-authority "))).toEqual([1, 3]);
});

test("a changed key names the line and the key on record", () => {
  const verdict = judgeHostKey(
    parseKnownHosts(`# x\n${line("box", rsa)}\n${line("box", bad)}`, "kh"),
    hostNamesOf(at),
    good,
  );
  expect(verdict).toMatchObject({ known: { file: "kh", line: 3 }, knownFingerprint: formatFingerprint(bad) });
});

test("a server is asked first for the key types on record", () => {
  const order = orderHostKeyAlgorithms(parseKnownHosts(line("box", rsa), "kh"), hostNamesOf(at));
  expect(order.slice(0, 3)).toEqual(["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"]);
});

test("a type that only a line without the port has is asked for after those of lines with it", () => {
  const hosts = parseKnownHosts([line("box", good), line("[box]:2222", rsa)].join("\n"), "kh");
  const order = orderHostKeyAlgorithms(hosts, hostNamesOf({ host: "box", port: 2222 }));
  expect(order.slice(0, 3)).toEqual(["rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519"]);
  expect(order).toHaveLength(6);
});
