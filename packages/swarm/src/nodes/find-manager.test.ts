import type { SwarmMembership, SwarmNode } from "@otto/engine";
import { OttoError } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { expect, test } from "vitest";
import { planStandIns, reachManager } from "./find-manager.js";
import type { Machine } from "./match-nodes.js";

const node = (id: string, more: Partial<SwarmNode> = {}): SwarmNode => ({
  id: `node-${id}`,
  hostname: id,
  address: "",
  labels: {},
  isManager: true,
  isReady: true,
  isActive: true,
  ...more,
});

const membershipOf = (id: string, more: Partial<SwarmMembership> = {}): SwarmMembership => ({
  state: "active",
  nodeId: `node-${id}`,
  isManager: true,
  clusterId: "s",
  error: "",
  ...more,
});

const silence = (id: string) => new OttoError("SSH_CONNECT_FAILED", `connecting to ${id}: it took too long`);

type Answer = { readonly membership: SwarmMembership; readonly nodes?: readonly SwarmNode[] } | Error;

/** Machines that give these answers, by their ids; who is asked is noted. */
function labOf(answers: Readonly<Record<string, Answer>>) {
  const asked: string[] = [];
  const machines = Object.entries(answers).map(([id, answer]): Machine => {
    const membership = async () => {
      asked.push(id);
      if (answer instanceof Error) throw answer;
      return answer.membership;
    };
    const nodes = async () => {
      if (answer instanceof Error) throw answer;
      if (answer.nodes === undefined) throw new OttoError("ENGINE_REQUEST_FAILED", "no", { details: { status: 503 } });
      return answer.nodes;
    };
    const parent = { id, engine: { swarm: { membership, nodes } } } as unknown as Parent;
    return { id, address: "", open: () => parent };
  });
  const [first] = machines as [Machine, ...Machine[]];
  return { asked, location: { parent: first.open(), project: "shop", machines } };
}

const managers = [node("a", { isReady: false }), node("b"), node("c")];
const manager = (id: string, nodes: readonly SwarmNode[] = managers) => ({ membership: membershipOf(id), nodes });
const worker = (id: string) => ({ membership: membershipOf(id, { isManager: false, clusterId: undefined }) });

test.each<[string, readonly SwarmNode[], readonly string[]]>([
  ["the managers of its swarm, in the lab's order", [node("c"), node("a"), node("b")], ["b", "c"]],
  ["no worker", [node("a"), node("b", { isManager: false }), node("c")], ["c"]],
  ["none that does not answer the others", [node("a"), node("b", { isReady: false }), node("c")], ["c"]],
  ["none of a swarm that it is not in", [node("b"), node("c")], []],
  ["none where the node cannot be told", [node("x"), node("b"), node("c")], []],
  ["the node by its label", [node("x", { labels: { "otto.host": "a" } }), node("b"), node("c")], ["b", "c"]],
])("in the place of one that is silent stand %s", (_, nodes, ids) => {
  const { machines } = labOf({ a: silence("a"), b: worker("b"), c: manager("c") }).location;
  const from = machines[2] as Machine;
  expect(planStandIns("a", manager("c", nodes), { from, machines }).map(({ id }) => id)).toEqual(ids);
});

test("a manager that answers is the one that is used, and no other is asked", async () => {
  const { location, asked } = labOf({ a: manager("a"), b: manager("b") });
  expect(await reachManager(location)).toBe(location);
  expect(asked).toEqual(["a"]);
});

test("another manager of the same swarm is used in the place of a silent one, which is said", async () => {
  const events: unknown[] = [];
  const { location } = labOf({ a: silence("a"), w: worker("w"), d: manager("d", [node("d")]), b: manager("b") });
  const reached = await reachManager(location, { onEvent: (event) => events.push(event) });
  expect(reached.parent.id).toBe("b");
  const message =
    "a does not answer (connecting to a: it took too long); b, another manager of its swarm, is used instead";
  expect(events).toEqual([{ type: "compose.warning", project: "shop", message }]);
});

test("where no other host manages the swarm, the error names those that were tried", async () => {
  const { location } = labOf({
    a: silence("a"),
    w: worker("w"),
    d: manager("d", [node("d")]),
    n: { membership: membershipOf("", { state: "inactive", isManager: false }) },
    e: silence("e"),
  });
  await expect(reachManager(location)).rejects.toMatchObject({
    code: "SWARM_NO_MANAGER",
    message: expect.stringMatching(/^no manager of the swarm of a answers: a: connecting to a: it took too long; /),
    details: {
      host: "a",
      tried: [
        { host: "w", reason: "it is a worker of the swarm" },
        { host: "d", reason: "a is no node of the swarm that it manages" },
        { host: "n", reason: "its engine is in no swarm" },
        { host: "e", reason: "connecting to e: it took too long" },
      ],
    },
  });
});

test.each([
  ["there is no other host", { a: silence("a") }, "SSH_CONNECT_FAILED"],
  ["a login is refused", { a: new OttoError("SSH_AUTH_FAILED", "no"), b: manager("b") }, "SSH_AUTH_FAILED"],
  [
    "a host key is another",
    { a: new OttoError("SSH_HOST_KEY_CHANGED", "no"), b: manager("b") },
    "SSH_HOST_KEY_CHANGED",
  ],
])("the manager's own error is thrown where %s", async (_, answers: Readonly<Record<string, Answer>>, code) => {
  const { location, asked } = labOf(answers);
  await expect(reachManager(location)).rejects.toMatchObject({ code });
  expect(asked).toEqual(["a"]);
});
