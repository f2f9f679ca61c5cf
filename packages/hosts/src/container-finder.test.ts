import type { Engine } from "@otto/engine";
import { OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { ContainerFinder } from "./container-finder.js";

/** An engine that has one container of the service. */
const engine = {
  listContainers: async () => [{ Id: "c1", State: "running", Labels: { "com.docker.compose.service": "s" } }],
  hasPath: async () => true,
} as unknown as Engine;

function createUse(error: OttoError, failures: number) {
  const uses: string[] = [];
  const use = async ({ container }: { container: string }) => {
    uses.push(container);
    if (uses.length <= failures) throw error;
    return "done";
  };
  return { uses, use };
}

const finder = () => new ContainerFinder({ id: "p.r.s", service: "s", project: "p", replica: 1, engine });
const notStarted = (isRuntime: boolean) =>
  new OttoError("HOST_COMMAND_NOT_STARTED", "not started", { details: { isRuntime } });

test("what the runtime failed to start is started once more, and not a third time", async () => {
  const once = createUse(notStarted(true), 1);
  expect(await finder().use(undefined, once.use)).toBe("done");
  expect(once.uses).toEqual(["c1", "c1"]);
  const twice = createUse(notStarted(true), 2);
  await expect(finder().use(undefined, twice.use)).rejects.toThrow("not started");
  expect(twice.uses).toEqual(["c1", "c1"]);
});

test("a program that cannot be started is tried once", async () => {
  const { uses, use } = createUse(notStarted(false), 1);
  await expect(finder().use(undefined, use)).rejects.toThrow("not started");
  expect(uses).toEqual(["c1"]);
});
