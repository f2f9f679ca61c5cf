import { expect, test } from "vitest";
import { parseYamlTrees } from "../text/yaml-tree.js";
import { readTopology } from "./topology.js";

function read(text: string) {
  const { trees } = parseYamlTrees({ text, file: "compose.yml", documentId: "1", base: "/", lookup: () => undefined });
  const [tree] = trees;
  if (tree === undefined) throw new Error("no tree");
  return readTopology(tree);
}

const linksOf = (service: string) => read(`services:\n  a: ${service}\n`).services.get("a");

test.each([
  ["80", ["80/tcp"]],
  ['"8080:80"', ["8080->80/tcp"]],
  ['"127.0.0.1:8080:80/udp"', ["127.0.0.1:8080->80/udp"]],
  ['"127.0.0.1::80"', ["127.0.0.1:any->80/tcp"]],
  ['"[::1]:8080:80"', ["[::1]:8080->80/tcp"]],
  ['"3000-3005:3000-3005"', ["3000-3005->3000-3005/tcp"]],
  ["{ target: 80, published: 8080, host_ip: 127.0.0.1, protocol: udp }", ["127.0.0.1:8080->80/udp"]],
  ["{ target: 80 }", ["80/tcp"]],
])("the port %s", (port, expected) => {
  expect(linksOf(`{ ports: [${port}] }`)?.ports).toEqual(expected);
});

test.each([
  ["data:/var/lib", { type: "volume", source: "data", target: "/var/lib", readOnly: false }],
  ["./src:/app:ro,z", { type: "bind", source: "./src", target: "/app", readOnly: true }],
  ["/cache", { type: "volume", source: undefined, target: "/cache", readOnly: false }],
  [
    "{ type: bind, source: ./a, target: /b, read_only: true }",
    { type: "bind", source: "./a", target: "/b", readOnly: true },
  ],
  ["{ type: tmpfs, target: /t }", { type: "tmpfs", source: undefined, target: "/t", readOnly: false }],
])("the mount %s", (mount, expected) => {
  expect(linksOf(`{ volumes: [${mount.startsWith("{") ? mount : JSON.stringify(mount)}] }`)?.mounts).toEqual([
    expected,
  ]);
});

test("a service without networks is in the default one, and one in another's namespace in none", () => {
  const { services, networks } = read(`
services:
  plain: {}
  joined: { networks: { front: , back: } }
  within: { network_mode: "service:plain" }
networks: { front: { external: true }, back: {} }
volumes: { data: , old: { external: { name: x } } }
`);
  expect([...services].map(([name, links]) => [name, links.networks, links.networkMode])).toEqual([
    ["plain", ["default"], undefined],
    ["joined", ["front", "back"], undefined],
    ["within", [], "service:plain"],
  ]);
  expect(networks).toEqual([
    { name: "front", external: true },
    { name: "back", external: false },
    { name: "default", external: false },
  ]);
});

test("a network that nobody uses is not made", () => {
  expect(read("services: { a: { networks: { b: } } }\nnetworks: { b: }\n").networks).toEqual([
    { name: "b", external: false },
  ]);
});
