import type { Parent } from "@otto/hosts";
import { expect, test } from "vitest";
import { watchContainers } from "./container-events.js";
import type { StackSession } from "./stack-session.js";

test("who has been aborted waits for no event", async () => {
  const session = {
    onLine: () => () => {},
    run: async () => ({ exitCode: 0, output: "" }),
    lost: new Promise<never>(() => {}),
  } as unknown as StackSession;
  const parent = { id: "pepper", docker: { command: ["docker"] } } as unknown as Parent;
  const events = await watchContainers(session, parent, "shop");
  await expect(events.beyond(0, 300_000, AbortSignal.abort())).resolves.toBeUndefined();
});
