import type { SwarmNode } from "@otto/engine";
import type { Parent } from "@otto/hosts";
import { expect, test } from "vitest";
import { type Machine, matchNodes } from "./match-nodes.js";

const node = (id: string, more: Partial<SwarmNode> = {}): SwarmNode => ({
  id,
  hostname: "",
  address: "",
  labels: {},
  isManager: false,
  isReady: true,
  isActive: true,
  ...more,
});

const machine = (id: string, address: string, handle = id): Machine => ({
  id,
  handle,
  address,
  open: () => ({}) as Parent,
});

const lab = [machine("pepper", "10.0.0.1"), machine("seed", "10.0.0.2", "seed1"), machine("here", "")];

test.each<[string, readonly SwarmNode[], Record<string, string | undefined>]>([
  ["by the label", [node("n", { labels: { "otto.host": "seed" }, address: "10.0.0.1" })], { n: "seed" }],
  ["by the label, which may be a handle", [node("n", { labels: { "otto.host": "SEED1" } })], { n: "seed" }],
  ["by the address", [node("n", { address: "10.0.0.1", hostname: "seed" })], { n: "pepper" }],
  ["by the host name", [node("n", { hostname: "Pepper" })], { n: "pepper" }],
  [
    "a label that names no host, whatever else fits",
    [node("n", { labels: { "otto.host": "x" }, address: "10.0.0.1" })],
    { n: undefined },
  ],
  ["an address of the machine itself says nothing", [node("n", { address: "127.0.0.1" })], { n: undefined }],
  [
    "two nodes of one address",
    [node("a", { address: "10.0.0.1" }), node("b", { address: "10.0.0.1" })],
    { a: undefined, b: undefined },
  ],
  [
    "what the label took is no other's",
    [node("a", { labels: { "otto.host": "pepper" } }), node("b", { address: "10.0.0.1" })],
    { a: "pepper", b: undefined },
  ],
  ["a node outside of the lab", [node("n", { address: "10.9.9.9", hostname: "other" })], { n: undefined }],
])("%s", (_, nodes, matched) => {
  expect(Object.fromEntries(matchNodes(nodes, lab).map(({ id, machine }) => [id, machine?.id]))).toEqual(matched);
});

test("two hosts of one address, as on this machine, are told apart by the host name", () => {
  const twins = [machine("a", "10.0.0.1"), machine("b", "10.0.0.1")];
  const nodes = [node("1", { address: "10.0.0.1", hostname: "a" }), node("2", { address: "10.0.0.1", hostname: "c" })];
  expect(matchNodes(nodes, twins).map((one) => one.machine?.id)).toEqual(["a", undefined]);
});

test("the manager that answered is the host that was asked, whatever address it has", () => {
  const self = { nodeId: "n", machine: lab[2] as Machine };
  expect(matchNodes([node("n", { address: "10.0.0.1" })], lab, self)[0]?.machine?.id).toBe("here");
});
