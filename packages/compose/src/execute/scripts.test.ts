import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import type { StackLocation } from "../session/stack-session.js";
import { containerScript } from "./scripts.js";

const step = {
  do: "recreate",
  network: "front",
  name: "p_front",
  cause: "",
  after: [],
  containers: ["1", "2"],
} as const;

const stack = { parent: { docker: { command: ["docker"] } }, project: "p" } as unknown as StackLocation;

/**
 * Runs the script that replaces a network with a docker that lists the project's networks and inspects one so, and prints
 * what else it does.
 */
function replaceNetwork(listed: string, inspected = ""): { readonly status: number | null; readonly stdout: string } {
  const answer = (text: string) => (text === "fails" ? "return 1" : `printf %s '${text}'`);
  const docker = `docker() {
case "$1 $2" in
"network ls") case "$*" in *com.docker.compose.project=p*com.docker.compose.network=front*) ${answer(listed)} ;; esac ;;
"network inspect") ${answer(inspected)} ;;
*) echo "$*" ;;
esac
}`;
  return spawnSync("sh", ["-c", `${docker}\n${containerScript(stack, [step])}`], { encoding: "utf8" });
}

const replaced = ["container stop 1 2", ...["1", "2"].map((id) => `network disconnect --force f1 ${id}`)];

test.each([
  ["its own containers", "1 p-a-1\n2 p-b-1\n"],
  ["no container that runs", ""],
])("a network with %s is removed, and they are stopped before", (_, inspected) => {
  const { status, stdout } = replaceNetwork("f1 p_front\n", inspected);
  expect([status, stdout.trim().split("\n")]).toEqual([0, [...replaced, "network rm f1"]]);
});

test("a network with containers of others stays, and nothing is done", () => {
  const message = "the settings of the network p_front changed, and others are on it: x-a-1 x-b-1\n";
  const inspected = "1 p-a-1\n12 x-a-1\n3 x-b-1\n";
  expect(replaceNetwork("f1 p_front", inspected)).toMatchObject({ status: 1, stdout: message });
});

test.each([
  ["there is none", ""],
  ["the project has it under another name", "f1 other\n"],
])("a network of that name that is not the project's own is left: %s", (_, listed) => {
  expect(replaceNetwork(listed)).toMatchObject({ status: 0, stdout: "" });
});

test.each([
  ["listed", "fails", ""],
  ["inspected", "f1 p_front\n", "fails"],
])("nothing is taken for done when networks cannot be %s", (_, listed, inspected) => {
  expect(replaceNetwork(listed, inspected)).toMatchObject({ status: 1, stdout: "" });
});
