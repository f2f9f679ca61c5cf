import { expect, test } from "vitest";
import { nameParent, wayTo } from "../arguments/parent-name.js";
import { formatDuration } from "./duration.js";
import { formatSummary, reachPort } from "./summary.js";

const summary = {
  ...{ what: "5 services up", parent: "pepper (via gate)", isChanged: true, durationMs: 14_200 },
  ...{ built: 1, cached: 2, pulled: 0, sentBytes: 191, urls: ["http://10.0.0.7:8080"] },
};

test.each([
  [{}, "5 services up on pepper (via gate) in 14.2 s · built 1, cached 2 · sent 191 B · http://10.0.0.7:8080"],
  [{ isChanged: false }, "5 services up on pepper (via gate): nothing changed · http://10.0.0.7:8080"],
  [{ built: 0, cached: 0, sentBytes: 0, urls: [] }, "5 services up on pepper (via gate) in 14.2 s"],
  [
    { built: 0, cached: 0, sentBytes: 0, urls: ["a", "b", "c", "d", "e", "f"] },
    "5 services up on pepper (via gate) in 14.2 s · a b c d 2 more ports",
  ],
])("a summary with %j", (change, text) => {
  expect(formatSummary({ ...summary, ...change })).toBe(text);
});

const remote = { isLocal: false, ip: "10.0.0.7" };
const port = { hostIp: "0.0.0.0", hostPort: 8080, port: 80, protocol: "tcp" };

test.each([
  [port, remote, { url: "http://10.0.0.7:8080" }],
  [{ ...port, hostIp: "::" }, remote, { url: "http://10.0.0.7:8080" }],
  [{ ...port, hostIp: "10.1.0.7" }, remote, { url: "http://10.1.0.7:8080" }],
  [{ ...port, port: 443 }, remote, { url: "https://10.0.0.7:8080" }],
  [{ ...port, port: 5432 }, remote, { url: "10.0.0.7:8080" }],
  [{ ...port, protocol: "udp" }, remote, { url: "udp://10.0.0.7:8080" }],
  [port, { isLocal: false, ip: "fd00::7" }, { url: "http://[fd00::7]:8080" }],
  // A port on the parent's loopback has no URL here.
  [{ ...port, hostIp: "127.0.0.1" }, remote, { loopback: 8080 }],
  [{ ...port, hostIp: "::1" }, remote, { loopback: 8080 }],
  [{ ...port, hostIp: "127.0.0.1" }, { isLocal: true, ip: "" }, { url: "http://localhost:8080" }],
  [port, { isLocal: true, ip: "" }, { url: "http://localhost:8080" }],
])("%j of the parent %j is reached by %j", (published, parent, reached) => {
  expect(reachPort(published, parent)).toEqual(reached);
});

test("a parent is named with the hosts on the way to it", () => {
  const host = (id: string, hop?: string) => ({ id, ...(hop !== undefined && { hop }) });
  const hosts = [host("pepper", "inner"), host("inner", "gate"), host("gate"), host("a", "b"), host("b", "a")];
  const lab = { data: { hosts } } as never;
  expect(wayTo(lab, { id: "pepper" })).toEqual(["gate", "inner"]);
  expect(nameParent(lab, { id: "pepper" })).toBe("pepper (via gate, inner)");
  expect(nameParent(lab, { id: "gate" })).toBe("gate");
  expect(nameParent(lab, { id: "a" })).toBe("a (via a, b)");
});

test.each([
  [0, "0.0 s"],
  [59_940, "59.9 s"],
  [65_000, "1 min 5 s"],
  [7_380_000, "2 h 3 min"],
])("%i ms are %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
