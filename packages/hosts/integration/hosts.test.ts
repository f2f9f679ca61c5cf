import { afterAll, beforeAll } from "vitest";
import { type Hosts, hostKinds, startHosts } from "./host-kinds.js";
import { describeHost, type OpenHost } from "./host-suite.js";

let hosts: Hosts;

beforeAll(async () => {
  hosts = await startHosts();
});

afterAll(() => hosts[Symbol.asyncDispose]());

for (const kind of hostKinds) {
  describeHost(
    kind,
    () => hosts.byName.get(kind.name) as OpenHost,
    () => hosts.directory,
  );
}
