import type { Machine } from "./machine.js";

/**
 * Makes machines one Docker Swarm, in which a node that is away counts as down after some 3 s (15 s by Docker's default).
 * @param managers at least one; the first starts it
 */
export async function joinSwarm(managers: readonly Machine[], workers: readonly Machine[] = []): Promise<void> {
  const [first, ...others] = managers;
  if (first === undefined) throw new TypeError("lab: a swarm needs a manager");
  await first.runDocker(["swarm", "init", "--advertise-addr", first.address, "--dispatcher-heartbeat", "1s"]);
  const join = async (machine: Machine, role: "manager" | "worker") => {
    const token = await first.runDocker(["swarm", "join-token", "--quiet", role]);
    const options = ["--advertise-addr", machine.address, "--token", token.trim()];
    await machine.runDocker(["swarm", "join", ...options, `${first.address}:2377`]);
  };
  // Managers agree on each new one.
  for (const machine of others) await join(machine, "manager");
  await Promise.all(workers.map((machine) => join(machine, "worker")));
}
