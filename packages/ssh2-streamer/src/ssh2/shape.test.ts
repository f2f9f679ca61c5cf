import { expect, test } from "vitest";
import { loadSsh2 } from "./load.js";
import { assertSsh2Shape } from "./shape.js";

const version = () => "1.18.0";

test("the ssh2 that is installed has what is used of its internals", async () => {
  expect(await loadSsh2()).toHaveProperty("Client");
  // Loaded once.
  expect(loadSsh2()).toBe(loadSsh2());
});

test("an ssh2 without one of the internals is refused by its version and the name of what it has not", () => {
  const handlers = { EXT_INFO() {}, SERVICE_ACCEPT() {}, USERAUTH_FAILURE() {} };
  const client = { _protocol: { _handlers: handlers } };
  expect(() => assertSsh2Shape({ client, channel: {}, parts: {} }, version)).toThrow(
    expect.objectContaining({
      code: "SSH_LIBRARY_UNSUPPORTED",
      message: expect.stringContaining("ssh2 1.18.0: it has no client._protocol._handlers.GLOBAL_REQUEST"),
      details: { version: "1.18.0", missing: "client._protocol._handlers.GLOBAL_REQUEST" },
    }),
  );
  expect(() => assertSsh2Shape({ client: null, channel: undefined, parts: {} }, version)).toThrow(/it has no client\./);
});
