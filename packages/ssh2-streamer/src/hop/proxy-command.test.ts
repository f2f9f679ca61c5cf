import { expect, test } from "vitest";
import type { SshEndpoint } from "../route/endpoint.js";
import { expandProxyCommand } from "./proxy-command.js";

const endpoint: SshEndpoint = {
  name: "box",
  host: "box.example.com",
  port: 2222,
  credentials: [{ username: "me" }],
  hostKey: { pin: "SHA256:x" },
};

test.each([
  ["nc %h %p", {}, "nc box.example.com 2222"],
  ["nc %h %p", { port: undefined }, "nc box.example.com 22"],
  ["x -l %r %n 100%% %%h", { alias: "Box" }, "x -l you Box 100% %h"],
  ["x %k", { alias: "Box" }, "x Box"],
  ["x %k", { alias: "Box", hostKeyAlias: "cluster" }, "x cluster"],
  ["x %n %h", { host: "fe80::1%eth0" }, "x fe80::1%eth0 fe80::1%eth0"],
])("%s of %j becomes %s", (command, changes, line) => {
  expect(expandProxyCommand(command, { ...endpoint, ...changes }, "you")).toBe(line);
});

test.each(["nc %d", "nc %u", "nc %C", "nc %", "nc %\n", "nc %constructor"])("%j has an unknown token", (command) => {
  const refused = expect.objectContaining({
    code: "SSH_CONFIG_INVALID",
    message: expect.stringContaining(`no token ${/%.?/s.exec(command)?.[0]}`) as string,
  });
  expect(() => expandProxyCommand(command, endpoint, "me")).toThrow(refused as Error);
});

test.each([
  "$(id)",
  "a b",
  "-oProxyCommand=x",
  "a;b",
  "a`b`",
  "a\nb",
  "a'b",
  "a|b",
  "a&b",
  "a>b",
  "a\u0007b",
  "a\u00a0b",
])("a name that a shell reads as more than a word is refused: %j", (host) => {
  const refused = expect.objectContaining({ code: "SSH_CONFIG_INVALID" }) as Error;
  expect(() => expandProxyCommand("nc %h %p", { ...endpoint, host }, "me")).toThrow(refused);
  expect(() => expandProxyCommand("nc -l %r x", endpoint, host)).toThrow(refused);
  expect(expandProxyCommand("nc gate 22", { ...endpoint, host }, host)).toBe("nc gate 22");
});
