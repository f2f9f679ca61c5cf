// Holds a lease of a stack until it is killed: node lease-process.mjs ROOT PROJECT NAME IMAGE
import { readStack } from "@otto/compose";
import { createLocalParent } from "@otto/hosts";
import { leaseSwarm } from "@otto/swarm";

const [root, projectName, name, image] = process.argv.slice(2);
const parent = createLocalParent({ id: "local", docker: { command: ["docker"] }, env: process.env });
const composes = [{ path: `${root}/compose.yml`, profiles: [] }];
const repo = { name, root, settingsFile: root, docker: { registryUrl: undefined, images: [], composes } };
const read = await readStack(repo, { projectName, environment: {}, home: root });
const machines = [{ id: "local", address: "", open: () => parent }];
const stack = { ...read, parent, machines, images: new Map([[image, image]]) };
await leaseSwarm(stack, { who: `process ${process.pid}`, own: false });
console.log("held");
// It holds it as long as it lives.
process.stdin.resume();
