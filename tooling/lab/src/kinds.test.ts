import { expect, test } from "vitest";
import { applyKind, findLabKind, labKinds } from "./kinds.js";

const chain = { bastion: {}, parent: { hop: "bastion" } };

test("a stock lab is what the test says", () => {
  expect(applyKind(findLabKind(), { hosts: chain })).toEqual(Object.entries(chain));
});

test("an unknown kind is refused with the known ones", () => {
  expect(() => findLabKind("soft")).toThrow(/unknown OTTO_LAB_KIND soft: expected stock, hardened, sudo/);
});

test("in a hardened lab a hop still forwards ports", () => {
  const narrow = { maxSessions: 1, allowStreamLocalForwarding: false };
  expect(applyKind(labKinds.hardened, { hosts: chain })).toEqual([
    ["bastion", { ...narrow, allowTcpForwarding: true }],
    ["parent", { ...narrow, allowTcpForwarding: false, hop: "bastion" }],
  ]);
});

test("in a slow lab the round trip is the same behind a hop", () => {
  expect(applyKind(labKinds.slow, { hosts: chain })).toEqual([
    ["bastion", { proxy: { delayMs: 25 } }],
    ["parent", { hop: "bastion" }],
  ]);
});

test("a test keeps the options that it sets", () => {
  expect(applyKind(labKinds.hardened, { hosts: { parent: { maxSessions: 3 } } })).toMatchObject([
    ["parent", { maxSessions: 3 }],
  ]);
  expect(applyKind(labKinds.slow, { hosts: { parent: { proxy: {} }, near: { proxy: { delayMs: 1 } } } })).toEqual([
    ["parent", { proxy: { delayMs: 25 } }],
    ["near", { proxy: { delayMs: 1 } }],
  ]);
  const own = { command: ["docker"], socket: "/own.sock" };
  expect(applyKind(labKinds.sudo, { hosts: { parent: { docker: own } } })).toEqual([["parent", { docker: own }]]);
  expect(applyKind(labKinds.sudo, { hosts: { parent: { docker: { socket: "/own.sock" } } } })).toEqual([
    ["parent", { docker: { socket: "/own.sock", command: ["sudo", "-n", "docker"] } }],
  ]);
});

test("a test that says how its login gets at the engine says what docker is, too", () => {
  expect(applyKind(labKinds.sudo, { hosts: { parent: {} }, engineAccess: "group" })).toEqual([["parent", {}]]);
});
