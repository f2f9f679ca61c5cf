import { randomInt } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { runCommand } from "../command.js";
import { type HeldProcess, startHeld } from "../keeper.js";

/**
 * What machines stand on: a process whose network namespace is the switch that joins them, and whose mount namespace has
 * the memory that their disks are in. Both end with the process, and it ends when its stdin does.
 */
export interface MachineBase {
  readonly pid: number;
  /** The first three numbers of the machines' addresses: `172.16.17`. This process has number 1. */
  readonly network: string;
  /** The directory of the disks as the base sees it. */
  readonly directory: string;
  /** The same as this process reaches it. */
  readonly path: string;
  /** Plugs the cable of a machine into the switch, or pulls it. */
  setPort(port: string, state: "up" | "down"): Promise<void>;
  release(): Promise<void>;
}

// 172.16.0.0/16 is a private range that neither Docker nor Swarm gives to a network by itself. A name of an interface is
// given by the kernel once, so two labs do not get the same network. The switch is in a namespace of its own because a
// bridge beside a Docker engine is behind that engine's firewall.
const switchScript = `
set -eu
directory=$1 number=$2 tries=0
outside() { nsenter --net=/proc/self/fd/4 "$@"; }
is_used() {
  outside sh -c '{ ip -4 route show match "$1"; ip -4 route show root "$1"; } | grep -qv ^default' sh "$1"
}
until
  network=172.16.$number
  ! is_used $network.0/24 && ip link add uplink type veth peer name otto-m$number netns /proc/self/fd/4
do
  number=$(((number + 1) % 256)) tries=$((tries + 1))
  [ $tries -lt 32 ] || { echo "32 networks 172.16.N.0/24 are in use" >&2; exit 1; }
done
ip -batch - <<END
link add bridge type bridge
link set bridge up
link set uplink master bridge up
END
outside ip -batch - <<END
address add $network.1/24 dev otto-m$number
link set otto-m$number alias $directory up
END
exec 4<&-
mount -t tmpfs -o mode=755 tmpfs "$directory"
echo $network
cat >/dev/null
ip link delete uplink
`;

/**
 * Starts it.
 * @param parentDirectory exists; the base makes a directory for the disks in it
 */
export async function startBase(parentDirectory: string): Promise<MachineBase> {
  const directory = join(parentDirectory, "disks");
  await mkdir(directory);
  const start = 'exec 4</proc/self/ns/net; exec unshare --mount --net sh -c "$@"';
  const number = String(randomInt(256));
  const held = startHeld(["sh", "-c", start, "sh", switchScript, "lab-switch", directory, number], ["pipe", "pipe"]);
  const network = await readNetwork(held);
  return {
    pid: held.pid,
    network,
    directory,
    path: join(`/proc/${held.pid}/root`, directory),
    setPort: async (port, state) => {
      await runCommand("nsenter", ["--target", String(held.pid), "--net", "ip", "link", "set", port, state]);
    },
    release: () => held.release(),
  };
}

async function readNetwork({ child }: HeldProcess): Promise<string> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error("both are pipes");
  for await (const network of createInterface({ input: stdout })) {
    stdout.destroy();
    stderr.destroy();
    return network;
  }
  throw new Error(`lab: making a network for machines: ${await text(stderr)}`);
}
