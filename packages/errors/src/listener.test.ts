import { expect, test } from "vitest";
import { withListener } from "./listener.js";

test("work goes on when its listener throws, tells it all the same, and then fails with what came first", async () => {
  const told: number[] = [];
  const listener = (event: number) => {
    told.push(event);
    throw new Error(`event ${event}`);
  };
  let isDone = false;
  const work = withListener(listener, async (tell) => {
    for (const event of [1, 2]) tell(event);
    isDone = true;
  });
  await expect(work).rejects.toThrow("event 1");
  expect([told, isDone]).toEqual([[1, 2], true]);
});

test("a listener that rejects does not end the process, and the work fails with it when it has come by then", async () => {
  const listener: () => unknown = async () => Promise.reject(new Error("late"));
  const work = withListener(listener, async (tell: (event: number) => void) => {
    tell(1);
    await Promise.resolve();
    await Promise.resolve();
  });
  await expect(work).rejects.toThrow("late");
});

test("what the work itself throws comes before what its listener threw", async () => {
  const fail = () => {
    throw new Error("the listener");
  };
  const work = withListener(fail, async (tell: (event: number) => void) => {
    tell(1);
    throw new Error("the work");
  });
  await expect(work).rejects.toThrow("the work");
});
