import { expect, test } from "vitest";
import {
  checkCondition,
  createLineTest,
  formatCondition,
  isWantedStatus,
  parseStatusLine,
  type WaitCondition,
} from "./wait-condition.js";

test.each([
  [{}],
  [{ log: "up", port: 80 }],
  [{ port: 0 }],
  [{ port: 1.5 }],
  [{ healthy: false }],
  [{ http: { port: 80, path: "health" } }],
  [{ http: { port: 80, path: "/a HTTP/1.1\r\nX: y" } }],
  [{ http: { port: 80, status: 99 } }],
])("%j is no condition", (condition) => {
  expect(() => checkCondition(condition as unknown as WaitCondition)).toThrow(TypeError);
});

test.each([
  [{ log: /ready/i }, "a line with /ready/i in its log"],
  [{ log: "up" }, 'a line with "up" in its log'],
  [{ port: 80 }, "a connection to port 80"],
  [{ http: { port: 80 } }, "status 200 to 399 of http://:80/"],
  [{ http: { port: 80, path: "/up?a=1", status: 503 } }, "status 503 of http://:80/up?a=1"],
  [{ healthy: true as const }, "its health check to pass"],
])("%j is %s", (condition, words) => {
  checkCondition(condition);
  expect(formatCondition(condition)).toBe(words);
});

test("a pattern with a state is asked about each line anew, and keeps its own state", () => {
  const pattern = /up/gy;
  const holds = createLineTest(pattern);
  expect(["up", "up", "is up", "down"].map(holds)).toEqual([true, true, true, false]);
  expect(pattern.lastIndex).toBe(0);
  expect(["a.b", "axb"].map(createLineTest("a.b"))).toEqual([true, false]);
});

test.each([
  ["HTTP/1.1 200 OK\r\nA: b\r\n", 200],
  ["HTTP/1.0 404\r\n", 404],
  ["SSH-2.0-OpenSSH\r\nHTTP/1.1 200 OK\r\n", undefined],
  ["HTTP/1.1 2000 OK\r\n", undefined],
  ["", undefined],
])("of %j the status is %s", (text, status) => {
  expect(parseStatusLine(text)).toBe(status);
});

test.each([
  [204, undefined, true],
  [302, undefined, true],
  [404, undefined, false],
  [404, 404, true],
  [200, 404, false],
])("%s where %s is wanted: %s", (status, wanted, isWanted) => {
  expect(isWantedStatus(status, { port: 80, status: wanted })).toBe(isWanted);
});
