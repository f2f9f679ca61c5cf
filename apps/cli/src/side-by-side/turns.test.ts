import { expect, test } from "vitest";
import { createTurns } from "./turns.js";

function open(count: number) {
  const told: string[] = [];
  const turns = createTurns(count);
  return { turns, told, tell: (part: number, text: string) => turns.do(part, () => told.push(text)) };
}

test("the first part is told as it comes, later ones when those before have ended", () => {
  const { turns, told, tell } = open(3);
  tell(1, "b1");
  tell(0, "a1");
  tell(2, "c1");
  turns.end(2);
  tell(1, "b2");
  expect(told).toEqual(["a1"]);
  turns.end(0);
  expect(told).toEqual(["a1", "b1", "b2"]);
  tell(1, "b3");
  turns.end(1);
  expect(told).toEqual(["a1", "b1", "b2", "b3", "c1"]);
});

test("a part that is waited for is passed by those that have ended, each whole", () => {
  const { turns, told, tell } = open(4);
  tell(1, "b1");
  tell(2, "c1");
  turns.end(1);
  turns.letPass();
  expect(told).toEqual(["b1"]);
  tell(0, "a1");
  tell(2, "c2");
  turns.end(2);
  expect(told).toEqual(["b1", "c1", "c2"]);
  turns.end(0);
  turns.end(3);
  expect(told).toEqual(["b1", "c1", "c2", "a1"]);
});

test("a part that has begun to tell is not passed", () => {
  const { turns, told, tell } = open(2);
  tell(0, "a1");
  turns.letPass();
  tell(1, "b1");
  turns.end(1);
  tell(0, "a2");
  turns.end(0);
  expect(told).toEqual(["a1", "a2", "b1"]);
});

test("a part that waits for its turn has it until its end, before those that end meanwhile", async () => {
  const { turns, told, tell } = open(3);
  const reached = turns.reach(2).then(() => told.push("c is reached"));
  turns.letPass();
  await reached;
  tell(1, "b1");
  turns.end(1);
  tell(2, "c1");
  turns.end(2);
  await turns.reach(0);
  tell(0, "a1");
  turns.end(0);
  expect(told).toEqual(["c is reached", "c1", "b1", "a1"]);
});
