import type { Parent } from "@otto/hosts";
import { expect, test } from "vitest";
import { inQueue } from "./stack-lock.js";

test("an abort ends the wait in the queue, and the next still waits for the one before", async () => {
  const place = { parent: { id: "pepper" } as Parent, project: "shop", who: "ann", signal: undefined };
  const order: string[] = [];
  let finish = () => {};
  const first = inQueue(place, async () => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    order.push("first");
  });
  const controller = new AbortController();
  const second = inQueue({ ...place, signal: controller.signal }, async () => void order.push("second"));
  const third = inQueue(place, async () => void order.push("third"));
  controller.abort();
  await expect(second).rejects.toMatchObject({ name: "AbortError" });
  finish();
  await Promise.all([first, third]);
  expect(order).toEqual(["first", "third"]);
});

test("who waits for an earlier call of this process is told which, once", async () => {
  const place = { parent: { id: "pepper" } as Parent, project: "shop", signal: undefined };
  const waits: string[] = [];
  const onWaiting = ({ who }: { who: string }) => void waits.push(who);
  await Promise.all(["ann", "bob", "cyd"].map((who) => inQueue({ ...place, who, onWaiting }, async () => {})));
  expect(waits).toEqual(["ann", "bob"]);
});

test("a listener that throws ends its own call, and what that would do never begins", async () => {
  const place = { parent: { id: "pepper" } as Parent, project: "shop", signal: undefined };
  const order: string[] = [];
  const first = inQueue({ ...place, who: "ann" }, async () => void order.push("first"));
  const onWaiting = () => {
    throw new Error("listener");
  };
  const second = inQueue({ ...place, who: "bob", onWaiting }, async () => void order.push("second"));
  await expect(second).rejects.toThrow("listener");
  await first;
  await inQueue({ ...place, who: "cyd" }, async () => void order.push("third"));
  expect(order).toEqual(["first", "third"]);
});
