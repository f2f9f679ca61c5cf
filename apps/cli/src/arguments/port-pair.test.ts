import { expect, test } from "vitest";
import { collectPorts } from "./port-pair.js";

test.each([
  ["8080:80", { local: 8080, remote: 80 }],
  ["5432", { local: 5432, remote: 5432 }],
  [":80", { local: 0, remote: 80 }],
  ["0:80", { local: 0, remote: 80 }],
])("%s is a pair of ports", (text, pair) => {
  expect(collectPorts(text, [{ local: 1, remote: 1 }])).toEqual([{ local: 1, remote: 1 }, pair]);
});

test.each(["", ":", "80:", "80:0", "0", "http", "1:2:3", "65536:1", "1:65536", "-1:80"])("%j is none", (text) => {
  expect(() => collectPorts(text)).toThrow(/LOCAL:REMOTE/);
});
