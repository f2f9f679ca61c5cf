import { createBusyboxImage, joinSwarm, type Machine, type Machines, startMachines } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

const tag = "lab-swarm:1";

let lab: Machines<"a" | "b" | "c">;
beforeAll(async () => {
  lab = await startMachines({ hosts: { a: {}, b: {}, c: {} } });
  const { a, b, c } = lab.hosts;
  await using _ = await createBusyboxImage(tag);
  await Promise.all([lab.loadImage(tag), joinSwarm([a], [b, c])]);
  await a.runDocker(["stack", "deploy", "--detach=true", "--resolve-image=never", "--compose-file", "-", "s"], stack);
});
afterAll(() => lab[Symbol.asyncDispose]());

// Virtual IPs need IPVS in the kernel, which a machine may not have.
const stack = `
services:
  page:
    image: ${tag}
    hostname: "{{.Node.Hostname}}"
    command: sh -c 'mkdir /www; hostname >/www/name; exec httpd -f -h /www'
    stop_signal: KILL
    deploy: { mode: global, endpoint_mode: dnsrr }
  one:
    image: ${tag}
    command: sleep infinity
    stop_signal: KILL
    deploy: { replicas: 1, endpoint_mode: dnsrr, placement: { constraints: ["node.hostname != a"] } }
`;

/** What the containers of the service page say, by the overlay network, to the one on a machine: the names of their machines. */
async function askPages(machine: Machine): Promise<string> {
  const container = (await machine.runDocker(["ps", "--quiet", "--filter", "name=s_page"])).trim();
  const script = `for ip in $(nslookup page 2>/dev/null | sed -n 's/^Address: \\([0-9.]*\\)$/\\1/p'); do
    timeout 2 wget -O- http://$ip/name 2>/dev/null
  done | sort | xargs`;
  return (await machine.runDocker(["exec", container, "sh", "-c", script])).trim();
}

/** What a manager holds of a node: `ready` or `down`. */
async function stateOf(node: Machine, manager: Machine): Promise<string> {
  return (await manager.runDocker(["node", "inspect", "--format", "{{.Status.State}}", node.name])).trim();
}

/** The machine on which the only task of the service one runs. */
async function placeOfOne(): Promise<string> {
  const format = "{{.Node}} {{.CurrentState}}";
  const tasks = await lab.hosts.a.runDocker([
    "service",
    "ps",
    "--filter",
    "desired-state=running",
    "--format",
    format,
    "s_one",
  ]);
  return /^(\w) Running/.exec(tasks)?.[1] ?? tasks;
}

const other = (name: string) => (name === "b" ? "c" : "b");

test("the tasks of a stack on three machines find and reach each other", async () => {
  const { a, b, c } = lab.hosts;
  for (const machine of [a, b, c]) await expect.poll(() => askPages(machine).catch(String)).toBe("a b c");
  await expect.poll(placeOfOne).toMatch(/^[bc]$/);
});

test("tasks leave a node that is switched off, and it takes tasks when it is back", async () => {
  const name = (await placeOfOne()) as "b" | "c";
  const machine = lab.hosts[name];
  await machine.stop();
  await expect.poll(() => stateOf(machine, lab.hosts.a)).toBe("down");
  await expect.poll(placeOfOne).toBe(other(name));
  await expect.poll(() => askPages(lab.hosts.a)).toBe(`a ${other(name)}`);
  await machine.start();
  await expect.poll(() => stateOf(machine, lab.hosts.a)).toBe("ready");
  for (const each of Object.values<Machine>(lab.hosts))
    await expect.poll(() => askPages(each).catch(String)).toBe("a b c");
});

test("tasks leave a node that is cut off, and it takes tasks when it has joined again", async () => {
  const name = (await placeOfOne()) as "b" | "c";
  const machine = lab.hosts[name];
  await machine.cut();
  await expect.poll(() => stateOf(machine, lab.hosts.a)).toBe("down");
  await expect.poll(placeOfOne).toBe(other(name));
  // Its container runs on: nobody could tell it to stop.
  expect(await machine.runDocker(["ps", "--quiet", "--filter", "name=s_one"])).not.toBe("");
  await machine.join();
  await expect.poll(() => stateOf(machine, lab.hosts.a)).toBe("ready");
  await expect.poll(() => machine.runDocker(["ps", "--quiet", "--filter", "name=s_one"])).toBe("");
  // Nodes of an overlay network tell each other all that they know every half a minute.
  await expect.poll(() => askPages(lab.hosts.a), { timeout: 120_000 }).toBe("a b c");
}, 240_000);

test("two of three managers go on without the third, which catches up when it is back", async () => {
  await using managers = await startMachines({ hosts: { a: {}, b: {}, c: {} } });
  const { a, b, c } = managers.hosts;
  await joinSwarm([a, b, c]);
  const reachability = (node: Machine, manager: Machine) =>
    manager.runDocker(["node", "inspect", "--format", "{{.ManagerStatus.Reachability}}", node.name]).catch(String);
  await c.stop();
  await expect.poll(() => reachability(c, a)).toBe("unreachable\n");
  expect(await reachability(b, a)).toBe("reachable\n");
  // The managers agree on a change.
  await b.runDocker(["config", "create", "agreed", "-"], "content");
  await c.start();
  await expect.poll(() => reachability(c, c)).toBe("reachable\n");
  expect(await c.runDocker(["config", "ls", "--format", "{{.Name}}"])).toBe("agreed\n");
});
