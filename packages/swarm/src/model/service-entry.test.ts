import { expect, test } from "vitest";
import { planServiceEntry } from "./service-entry.js";

test.each<[string, object, object, readonly string[]]>([
  ["what a swarm gives its tasks stays", { image: "a", user: "1" }, { image: "a", user: "1" }, []],
  ["nothing is nothing", { image: "a", entrypoint: null }, { image: "a" }, []],
  [
    "what it has no use for is named",
    { image: "a", restart: "always", depends_on: { b: {} }, new_key: 1 },
    { image: "a" },
    ["restart", "depends_on", "new_key"],
  ],
  ["what is decided before is not", { image: "a", profiles: ["x"], pull_policy: "never" }, { image: "a" }, []],
  ["a scale is the number of replicas", { scale: 3 }, { deploy: { replicas: 3 } }, []],
  [
    "a number of processors is text",
    { deploy: { resources: { limits: { cpus: 0.5, memory: "64" } } } },
    { deploy: { resources: { limits: { cpus: "0.5", memory: "64" }, reservations: {} } } },
    [],
  ],
  [
    "devices are no reservation of a swarm",
    { deploy: { resources: { reservations: { devices: [] } } } },
    { deploy: { resources: { limits: {}, reservations: {} } } },
    ["deploy.resources.reservations.devices"],
  ],
  [
    "a published port is a number",
    { ports: [{ mode: "host", target: 80, published: "8080", protocol: "tcp", host_ip: "127.0.0.1" }] },
    { ports: [{ mode: "host", target: 80, published: 8080, protocol: "tcp" }] },
    ["ports.host_ip"],
  ],
  [
    "a range of ports is for the docker client",
    { ports: [{ target: 80, published: "8080-8081" }] },
    { ports: [{ target: 80, published: "8080-8081" }] },
    [],
  ],
  [
    "a mode in octal digits",
    { secrets: [{ source: "a", mode: "0440" }] },
    { secrets: [{ source: "a", mode: 0o440 }] },
    [],
  ],
  [
    "a mode as a number",
    { configs: [{ source: "a", target: "/a", mode: 0o440 }] },
    { configs: [{ source: "a", target: "/a", mode: 0o440 }] },
    [],
  ],
  [
    "Compose's default of a bind mount",
    { volumes: [{ type: "bind", source: "/s", target: "/t", bind: { create_host_path: true } }] },
    { volumes: [{ type: "bind", source: "/s", target: "/t", bind: {} }] },
    [],
  ],
  [
    "a size in memory",
    { volumes: [{ type: "tmpfs", target: "/t", tmpfs: { size: "1000" } }] },
    { volumes: [{ type: "tmpfs", target: "/t", tmpfs: { size: 1000 } }] },
    [],
  ],
  [
    "addresses are the swarm's to give",
    { networks: { front: { aliases: ["w"], ipv4_address: "10.0.0.2" }, back: null } },
    { networks: { front: { aliases: ["w"] }, back: {} } },
    ["networks.front.ipv4_address"],
  ],
  ["a name of another machine", { extra_hosts: ["a=1.2.3.4", "b=::1"] }, { extra_hosts: ["a:1.2.3.4", "b:::1"] }, []],
])("%s", (_, service, entry, ignored) => {
  expect(planServiceEntry({ ...service })).toEqual({ entry, ignored });
});
