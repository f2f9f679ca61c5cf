import { expect, test } from "vitest";
import { openForward } from "./port-forward.js";

test("a forward whose signal fires while it begins to listen does not listen", async () => {
  const controller = new AbortController();
  const target = { name: "pepper:80", dial: () => Promise.reject(new Error("not asked for")) };
  const opening = openForward({ localPort: 0, remotePort: 80 }, target, { signal: controller.signal });
  controller.abort();
  await expect(opening).rejects.toMatchObject({ name: "AbortError" });
});
