import { expect, test } from "vitest";
import { type SharedCallOutlets, shareCall } from "./shared-call.js";

test("each caller gets the events and the result of its parent, when that has ended", async () => {
  let outlets: SharedCallOutlets<string, number> | undefined;
  let calls = 0;
  const ask = shareCall<string, number>((given) => {
    outlets = given;
    calls += 1;
    return new Promise(() => {});
  });
  const heard: string[] = [];
  const a = ask("a", (event) => heard.push(`a: ${event}`));
  outlets?.tell("b", "early");
  outlets?.tell("a", "now");
  outlets?.end("a", 1);
  expect(await a).toBe(1);
  const b = ask("b", (event) => heard.push(`b: ${event}`));
  outlets?.fail("b", new Error("b is down"));
  await expect(b).rejects.toThrow("b is down");
  expect([heard, calls]).toEqual([["a: now", "b: early"], 1]);
});

test("what the call throws fails who has not ended", async () => {
  const ask = shareCall<string, number>(async ({ end }) => {
    end("a", 1);
    throw new Error("called off");
  });
  const [a, b] = [ask("a", undefined), ask("b", undefined)];
  expect(await a).toBe(1);
  await expect(b).rejects.toThrow("called off");
  await expect(ask("a", undefined)).resolves.toBe(1);
  await expect(ask("c", undefined)).rejects.toThrow("called off");
});

test("what a listener throws comes when its parent has ended, and disturbs no other", async () => {
  const ask = shareCall<string, number>(async ({ tell, end }) => {
    for (const parent of ["a", "b"]) tell(parent, "event");
    for (const parent of ["a", "b"]) end(parent, 1);
  });
  const a = ask("a", () => {
    throw new Error("a listener");
  });
  const b = ask("b", () => {});
  await expect(a).rejects.toThrow("a listener");
  expect(await b).toBe(1);
});

test("two who ask for one parent both hear of it; one that the call does not have is an error when it has ended", async () => {
  const ask = shareCall<string, number>(async ({ tell, end }) => {
    await Promise.resolve();
    tell("a", "event");
    end("a", 1);
  });
  const heard: string[] = [];
  const both = [1, 2].map((who) => ask("a", (event) => heard.push(`${who}: ${event}`)));
  expect(await Promise.all(both)).toEqual([1, 1]);
  expect(heard).toEqual(["1: event", "2: event"]);
  await expect(ask("c", undefined)).rejects.toThrow("c is none of the parents");
});
