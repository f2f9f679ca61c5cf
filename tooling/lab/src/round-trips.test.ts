import { expect, test } from "vitest";
import { countRoundTrips } from "./round-trips.js";

/** A connection whose chunks are delivered at once. */
function connect(counter: ReturnType<typeof countRoundTrips>) {
  const { sent } = counter.observe();
  return { up: () => sent("client")(), down: () => sent("server")(), sent };
}

test("what the server says by itself is no round trip", () => {
  const counter = countRoundTrips();
  const { down } = connect(counter);
  down();
  down();
  expect(counter.count).toBe(0);
});

test("requests that nobody has answered are no round trip", () => {
  const counter = countRoundTrips();
  const { up } = connect(counter);
  up();
  up();
  expect(counter.count).toBe(0);
});

test("a request and all of its answer are one round trip", () => {
  const counter = countRoundTrips();
  const { up, down } = connect(counter);
  up();
  down();
  down();
  expect(counter.count).toBe(1);
});

test("each request that comes after an answer is one more", () => {
  const counter = countRoundTrips();
  const { up, down } = connect(counter);
  for (let trip = 1; trip <= 5; trip++) {
    up();
    down();
    expect(counter.count).toBe(trip);
  }
});

test("requests that are sent before the first answer comes are one round trip, however the server answers", () => {
  const counter = countRoundTrips();
  const { sent } = connect(counter);
  const [first, second] = [sent("client"), sent("client")];
  first();
  const answer = sent("server");
  second();
  const other = sent("server");
  answer();
  other();
  expect(counter.count).toBe(1);
});

test("what the client acknowledges while the server sends on counts only when the server has it and sends again", () => {
  const counter = countRoundTrips();
  const { up, down, sent } = connect(counter);
  up();
  down();
  const acknowledgement = sent("client");
  down();
  expect(counter.count).toBe(1);
  const underway = sent("server");
  acknowledgement();
  underway();
  expect(counter.count).toBe(1);
  down();
  expect(counter.count).toBe(2);
});

test("two connections that work side by side count once, one after the other twice", () => {
  const counter = countRoundTrips();
  const [a, b] = [connect(counter), connect(counter)];
  const requests = [a.sent("client"), b.sent("client")];
  for (const deliver of requests) deliver();
  a.down();
  b.down();
  expect(counter.count).toBe(1);
  a.up();
  a.down();
  b.up();
  b.down();
  expect(counter.count).toBe(3);
});
