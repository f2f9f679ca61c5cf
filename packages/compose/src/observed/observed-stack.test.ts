import { expect, test } from "vitest";
import type { StackSession } from "../session/stack-session.js";
import { observeStack } from "./observed-stack.js";

test("a client that fails is an error with its own words, not with what was found before", async () => {
  const output = "/home/ann/.cache/otto/stacks/shop\u001e\u001e\u001e\u001epermission denied\n";
  const session = {
    parent: { id: "pepper", docker: { command: ["docker"], stagingRoot: undefined } },
    project: "shop",
    run: async () => ({ exitCode: 1, output }),
  } as unknown as StackSession;
  await expect(observeStack(session)).rejects.toMatchObject({
    code: "COMPOSE_ENGINE_FAILED",
    message: "looking at the stack on pepper: permission denied",
  });
});
