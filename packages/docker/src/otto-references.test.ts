import { expect, test } from "vitest";
import { findPublished, parseReferences } from "./otto-references.js";

test.each([
  ["plain $TEXT ${A:-b}", ["plain $TEXT ${A:-b}"]],
  ["", []],
  ["${otto:parent.addr}", [{ kind: "parent" }]],
  ["${otto:role.db.addr}", [{ kind: "role", name: "db" }]],
  ["${otto:host.pepper.addr}", [{ kind: "host", name: "pepper" }]],
  [
    "pg://${otto:service.my.db.addr}:${otto:service.my.db.port.5432}/x",
    [
      "pg://",
      { kind: "service", name: "my.db" },
      ":",
      { kind: "port", name: "my.db", port: 5432, protocol: "tcp" },
      "/x",
    ],
  ],
  ["${otto:service.dns.port.53/udp}", [{ kind: "port", name: "dns", port: 53, protocol: "udp" }]],
  ["a $${otto:role.db.addr} b", ["a ", "${otto:role.db.addr}", " b"]],
  ["$$${otto:x}", ["$", "${otto:x}"]],
  ["${otto:}", [undefined]],
  ["${otto:role.addr}", [undefined]],
  ["${otto:role.db}", [undefined]],
  ["${otto:service.db.port.http}", [undefined]],
  ["${otto:role.db.addr", [undefined]],
])("%s has %j", (value, expected) => {
  const segments = parseReferences(value).map((segment) => (typeof segment === "string" ? segment : segment.reference));
  expect(segments).toEqual(expected);
});

test.each([
  ["8080->80/tcp", { published: 8080, hostIp: undefined }],
  ["127.0.0.1:8080->80/tcp", { published: 8080, hostIp: "127.0.0.1" }],
  ["[::1]:8080->80/tcp", { published: 8080, hostIp: "[::1]" }],
  ["8080-8090->75-85/tcp", { published: 8085, hostIp: undefined }],
  ["8080-8090->80/tcp", { published: undefined, hostIp: undefined }],
  ["any->80/tcp", { published: undefined, hostIp: undefined }],
  ["0->80/tcp", { published: undefined, hostIp: undefined }],
  ["127.0.0.1:any->80/tcp", { published: undefined, hostIp: "127.0.0.1" }],
  ["80/tcp", { published: undefined, hostIp: undefined }],
  ["8080->80/udp", undefined],
  ["8080->81/tcp", undefined],
])("port 80 of %s is at %j", (text, expected) => {
  const found = findPublished(text, { port: 80, protocol: "tcp" });
  expect(found && { published: found.published, hostIp: found.hostIp }).toEqual(expected);
});
