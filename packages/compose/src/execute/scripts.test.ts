import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { containerScript } from "./scripts.js";

const step = {
  do: "recreate",
  network: "front",
  name: "p_front",
  cause: "",
  after: [],
  containers: ["1", "2"],
} as const;

/** Runs the script that replaces a network with a docker that answers its inspection so, and prints what else it does. */
function replaceNetwork(inspected: string | undefined): { readonly status: number | null; readonly stdout: string } {
  const answer = inspected === undefined ? "return 1" : `printf %s '${inspected}'`;
  const docker = `docker() { if [ "$2" = inspect ]; then ${answer}; else echo "$*"; fi; }`;
  return spawnSync("sh", ["-c", `${docker}\n${containerScript([step], "docker")}`], { encoding: "utf8" });
}

const replaced = ["container stop 1 2", ...["1", "2"].map((id) => `network disconnect --force p_front ${id}`)];

test.each([
  ["its own containers", "1 p-a-1\n2 p-b-1\n"],
  ["no container that runs", ""],
])("a network with %s is removed, and they are stopped before", (_, inspected) => {
  const { status, stdout } = replaceNetwork(inspected);
  expect([status, stdout.trim().split("\n")]).toEqual([0, [...replaced, "network rm p_front"]]);
});

test("a network with containers of others stays, and nothing is done", () => {
  const message = "the settings of the network p_front changed, and others are on it: x-a-1 x-b-1\n";
  expect(replaceNetwork("1 p-a-1\n12 x-a-1\n3 x-b-1\n")).toMatchObject({ status: 1, stdout: message });
});

test("of a network that is not there nothing is removed", () => {
  expect(replaceNetwork(undefined)).toMatchObject({ status: 0, stdout: "" });
});
