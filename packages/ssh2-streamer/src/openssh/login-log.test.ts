import { expect, test } from "vitest";
import {
  isTooOld,
  readCertificateRefusal,
  readGssapiProblem,
  readKeyProblems,
  readLoginFailure,
  readLossCause,
  readProviderProblem,
  readRevocation,
  readServerVersion,
} from "./login-log.js";

// Lines of OpenSSH_9.2p1.
const version = "debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1 Debian-2+deb12u3\r";
const offers = "debug1: Authentications that can continue: publickey,password\r";

test("a login that the server denies has the methods that it takes", () => {
  const log = [version, offers, "ada@127.0.0.1: Permission denied (publickey,password).\r", ""].join("\n");
  expect(readLoginFailure(log)).toEqual({ kind: "denied", offered: ["publickey", "password"], lastWord: undefined });
});

test("a server that hangs up in a login has its word", () => {
  const disconnect = "Received disconnect from UNKNOWN port 65535:2: Too many authentication failures\r";
  expect(readLoginFailure([version, offers, disconnect, "Disconnected from UNKNOWN\r"].join("\n"))).toMatchObject({
    kind: "denied",
    lastWord: "Too many authentication failures",
  });
});

test.each([
  ["kex_exchange_identification: Connection closed by remote host", "dropped"],
  ["kex_exchange_identification: read: Connection reset by peer\nConnection reset by UNKNOWN port 65535", "dropped"],
  ['kex_exchange_identification: client sent invalid protocol identifier "HTTP/1.1"', "handshake"],
  [`${version}\nConnection closed by UNKNOWN port 65535`, "handshake"],
  [
    `${version}\nUnable to negotiate with UNKNOWN port 65535: no matching key exchange method found. Their offer: x`,
    "algorithms",
  ],
  [
    "debug1: kex_exchange_identification: banner line 0: Exceeded MaxStartups\nkex_exchange_identification: Connection closed by remote host",
    "dropped",
  ],
  [
    "debug1: kex_exchange_identification: banner line 0: HTTP/1.1 400 Bad Request\nkex_exchange_identification: Connection closed by remote host",
    "handshake",
  ],
  ["", "handshake"],
])("%j is no connection: %s", (log, reason) => {
  expect(readLoginFailure(log)).toMatchObject({ kind: "unconnected", reason });
});

test("the server's version, the problems of keys and the cause of a loss are read", () => {
  expect(readServerVersion(`x\n${version}\ny`)).toBe("OpenSSH_9.2p1 Debian-2+deb12u3");
  const log = [
    "Warning: Identity file /no/key not accessible: No such file or directory.",
    'Load key "/a b": incorrect passphrase supplied to decrypt private key\r',
  ].join("\n");
  expect([...readKeyProblems(log)]).toEqual([
    ["/no/key", "no such file or directory"],
    ["/a b", "incorrect passphrase supplied to decrypt private key"],
  ]);
  expect(
    readLossCause("Timeout, server box not responding.\r\ndebug1: x\nTransferred: sent 1\r\nBytes per second: 1\r\n"),
  ).toBe("Timeout, server box not responding.");
  expect(readLossCause("Connection to box closed by remote host.\r\n")).toBeUndefined();
  expect(isTooOld("command-line: line 0: Bad configuration option: knownhostscommand\r\n")).toBe(true);
});

test("a host's certificate that is refused has what is wrong with it", () => {
  const end =
    "No ED25519 host key is known for box and you have requested strict checking.\r\nHost key verification failed.\r\n";
  expect(readCertificateRefusal(`${version}\n`)).toBeUndefined();
  expect(readCertificateRefusal(`${version}\n${end}`)).toBe("no authority on record made it");
  expect(readCertificateRefusal(`Certificate invalid: expired\r\n${end}`)).toBe("expired");
});

test.each([
  [
    ["debug1: No credentials were supplied, or the credentials were unavailable or inaccessible", "No ticket", "", ""],
    "No ticket",
  ],
  [["debug1: Unspecified GSS failure.  Minor code may provide more information", "No KDC", "", offers], "No KDC"],
  [[offers, "debug1: Next authentication method: password", "other words"], undefined],
  [["debug1: No more authentication methods to try.", "ada@box: Permission denied (gssapi-with-mic)."], undefined],
])("of %j, what GSSAPI lacks is %s", (lines, problem) => {
  const log = ["before", "debug1: Next authentication method: gssapi-with-mic\r", ...lines].join("\n");
  expect(readGssapiProblem(log)).toBe(problem);
  expect(readGssapiProblem(lines.join("\n"))).toBeUndefined();
});

test.each([
  ["Host key ED25519 SHA256:abc revoked by file /etc/ssh/re voked", { file: "/etc/ssh/re voked", seen: "SHA256:abc" }],
  [
    "Error checking host key ED25519 SHA256:abc in revoked keys file /absent: No such file or directory",
    { file: "/absent", seen: "SHA256:abc", why: "No such file or directory" },
  ],
  ["Host key verification failed.", undefined],
])("what RevokedHostKeys says: %s", (line, expected) => {
  expect(readRevocation(`${version}\n${line}\r\nHost key verification failed.\r\n`)).toEqual(expected);
});

test("a library that is none of PKCS #11 is told with its reason", () => {
  const none = "provider /absent.so is not a PKCS11 library\r\n";
  expect(readProviderProblem(`lib_contains_symbol: open /absent.so: No such file or directory\r\n${none}`)).toBe(
    "open /absent.so: No such file or directory",
  );
  expect(readProviderProblem(none)).toBe("not a library of PKCS #11");
  expect(readProviderProblem(version)).toBeUndefined();
});
