import { expect, test } from "vitest";
import { createWorkstation, localConfig, readProject } from "./reference.js";

const tree = {
  "base.yml": `services:
  base: { image: b, ports: ["9000:90"], networks: [back], volumes: ["data:/var/lib/base"] }
`,
  "compose.yml": `services:
  web:
    extends: { file: base.yml, service: base }
    ports: ["8080:80", "127.0.0.1:8443:443/udp", "\${PORT}:70", { target: 60, published: "6000", host_ip: "127.0.0.1" }]
    volumes: ["./src:/app:ro", { type: volume, source: data, target: /data }, { type: tmpfs, target: /scratch }]
  plain: { image: p, ports: ["\${PORT}"] }
  within: { image: w, network_mode: "service:plain" }
networks: { back: {}, out: { external: true } }
volumes: { data: {} }
`,
  "over.yml": `services:
  web: { networks: { front: { aliases: [x] } } }
networks: { front: {} }
`,
};

interface Config {
  readonly services: Readonly<Record<string, ConfigService>>;
  readonly networks: object;
}

interface ConfigService {
  readonly networks?: object;
  readonly network_mode?: string;
  readonly ports?: readonly { target: number; published?: string; host_ip?: string; protocol: string }[];
  readonly volumes?: readonly { type: string; source?: string; target: string; read_only?: boolean }[];
}

test("networks, ports and mounts of the merged services are those that Compose reads", async () => {
  const workstation = await createWorkstation(tree);
  const files = ["compose.yml", "over.yml"];
  const options = { environment: { PORT: "7000" } };
  const config = (await localConfig(workstation, files, options)) as unknown as Config;
  const { topology } = await readProject(workstation, files, options);
  const expected = Object.entries(config.services).map(([name, service]) => ({
    name,
    networks: Object.keys(service.networks ?? {}).sort(),
    networkMode: service.network_mode,
    ports: (service.ports ?? [])
      .map(({ host_ip, published, target, protocol }) => {
        const from = [host_ip, published].filter((part) => part !== undefined).join(":");
        return `${from === "" ? "" : `${from}->`}${target}/${protocol}`;
      })
      .sort(),
    mounts: (service.volumes ?? [])
      .map(({ type, target, read_only = false }) => `${type} ${target} ${read_only}`)
      .sort(),
  }));
  expect(expected.find(({ name }) => name === "web")?.ports).toHaveLength(5);
  const found = [...topology.services].map(([name, { networks, networkMode, ports, mounts }]) => ({
    name,
    networks: [...networks].sort(),
    networkMode,
    ports: [...ports].sort(),
    mounts: mounts.map(({ type, target, readOnly }) => `${type} ${target} ${readOnly}`).sort(),
  }));
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  expect(found.sort(byName)).toEqual(expected.sort(byName));
  const used = topology.networks.filter(({ name }) => found.some(({ networks }) => networks.includes(name)));
  expect(used.map(({ name }) => name).sort()).toEqual(Object.keys(config.networks).sort());
});
