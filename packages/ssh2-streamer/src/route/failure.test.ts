import { inspect } from "node:util";
import { Secret } from "@otto/errors";
import { expect, test } from "vitest";
import type { SshEndpoint } from "./endpoint.js";
import { authError, channelError, connectError, forwardingError } from "./failure.js";

const key = "-----BEGIN KEY-----\nMIIBVgIBADANBgkq\n-----END KEY-----\n";
const endpoint: SshEndpoint = {
  name: "parent",
  host: "parent.example",
  credentials: [
    {
      username: "ada",
      password: new Secret("hunter2"),
      privateKeys: [{ content: new Secret(key), passphrase: new Secret("open sesame") }],
    },
  ],
  hostKey: { knownHosts: [] },
};

const words = ["hunter2", "open sesame", "MIIBVgIBADANBgkq", Buffer.from("ada:hunter2").toString("base64")];

test.each([
  ["connecting", (cause: Error) => connectError(endpoint, "handshake", cause)],
  ["opening a session", (cause: Error) => channelError(endpoint, "opening a session", cause)],
  ["forwarding", (cause: Error) => forwardingError(endpoint, "a:1", cause)],
  ["logging in", ({ message }: Error) => authError(endpoint, { tried: ["password"], offered: ["publickey", message] })],
])("a server that repeats what it was told, when %s, does not get it shown", (_, makeError) => {
  for (const word of words) {
    const shown = inspect(makeError(new Error(`you said ${word}`)), { depth: 10, showHidden: true });
    expect(shown).toContain("[redacted]");
    for (const each of words) expect(shown).not.toContain(each);
  }
});

test("a cause that tells no secret stays what it is", () => {
  const cause = Object.assign(new Error("ECONNREFUSED"), { reason: 1 });
  expect(connectError(endpoint, "refused", cause).cause).toBe(cause);
  expect(forwardingError(endpoint, "a:1", cause)).toMatchObject({ cause, details: { forbidden: true } });
});
