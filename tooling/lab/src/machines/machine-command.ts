import { join } from "node:path";

/** One life of a machine. */
export interface MachineLife {
  /** See {@link MachineBase.pid}. */
  readonly basePid: number;
  /** Its directory in the base; exists, and in it `lab` with the files of its sshd and {@link machineScript}. */
  readonly directory: string;
  readonly name: string;
  readonly address: string;
  readonly macAddress: string;
  /** Its port at the switch, and whether its cable is in. */
  readonly port: string;
  readonly portState: "up" | "down";
  /** Of its containers. Removed when the machine is off. */
  readonly cgroup: string;
  /** Further words for dockerd, or undefined for a machine without an engine. */
  readonly dockerd: readonly string[] | undefined;
  /** What goes wrong before its servers have a log. */
  readonly errorLogPath: string;
}

/** Where the machine finds the files of its sshd, and writes its logs. */
export const labDirectory = "/run/lab";

// The shell that starts it is outside of all its namespaces, and outlives it by a moment.
const outerScript = `
log=$1 base=$2 cgroup=$3
shift 3
exec 2>>"$log"
nsenter --target "$base" --mount --net sh -c '
  exec 4</proc/self/ns/net
  exec unshare --mount --net --pid --uts --ipc --fork --kill-child bash "$@"' sh "$@"
for directory in /sys/fs/cgroup/"$cgroup" /sys/fs/cgroup/*/"$cgroup"; do
  [ ! -d "$directory" ] || find "$directory" -depth -type d -exec rmdir {} +
done
`;

/** What the first process of a machine runs: when it ends, the kernel kills all the others. */
export const machineScript = `
set -euo pipefail
directory=$1 name=$2 address=$3 mac=$4 port=$5 state=$6
shift 6

# Its network: a cable to the switch, whose namespace is file 4. The address of the card stays the same for those who know it.
at_switch() { nsenter --net=/proc/self/fd/4 "$@"; }
at_switch ip link delete "$port" 2>/dev/null || true
ip link add eth0 address "$mac" type veth peer name "$port" netns /proc/self/fd/4
at_switch ip link set "$port" master bridge "$state"
exec 4<&-
ip -batch - <<END
link set lo up
address add $address/24 dev eth0
link set eth0 up
END
echo "$name" >/proc/sys/kernel/hostname

# Its disk: what this machine's has, and changes of its own. The engine's data cannot be on an overlay.
cd "$directory"
rm -rf run
mkdir -p run/old run/lab run/lock run/sshd root disk work home tmp var-tmp docker
chmod 1777 run/lock tmp var-tmp
mount -t overlay -o "lowerdir=/,upperdir=$PWD/disk,workdir=$PWD/work" overlay root
mkdir -p root/var/lib/docker
mount --rbind /dev root/dev
mount -t tmpfs -o mode=1777 tmpfs root/dev/shm
mount -t proc proc root/proc
mount -t sysfs sysfs root/sys
mount --rbind /sys/fs/cgroup root/sys/fs/cgroup
mount --bind run root/run
mount --bind lab root/run/lab
mount --bind home root/root
mount --bind tmp root/tmp
mount --bind var-tmp root/var/tmp
mount --bind docker root/var/lib/docker
cd root
pivot_root . run/old
umount -l /run/old
rmdir /run/old
mount --make-rshared /

/usr/sbin/sshd -D -f ${labDirectory}/sshd_config -E ${labDirectory}/sshd.log </dev/null >/dev/null 2>&1 &

# With the containerd that it starts itself, dockerd waits a second for it.
start_engine() {
  ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -H -n)"
  echo 'version = 2
    root = "/var/lib/docker/containerd"
    state = "/run/containerd"
    [grpc]
    address = "/run/containerd/containerd.sock"' >/run/containerd.toml
  : >${labDirectory}/containerd.log
  containerd --config /run/containerd.toml >>${labDirectory}/containerd.log 2>&1 </dev/null &
  exec 5< <(exec tail -f --pid $! -n +1 ${labDirectory}/containerd.log)
  grep -q -m 1 "successfully booted" <&5
  exec 5<&-
  # It may have seen already that nobody reads it.
  kill $! 2>/dev/null || true
  { dockerd --containerd /run/containerd/containerd.sock "$@" || echo "lab: dockerd ended: $?"; } \\
    >>${labDirectory}/engine.log 2>&1 </dev/null &
}
[ $# = 0 ] || start_engine "$@"

exec 3<&0
cat <&3 >/dev/null &
wait $!
ip link delete eth0
`;

/** A command that runs a machine until its stdin ends. */
export function machineCommand(life: MachineLife): string[] {
  return [
    ...["sh", "-c", outerScript, "lab-machine", life.errorLogPath, String(life.basePid), life.cgroup],
    ...[join(life.directory, "lab/machine.sh"), life.directory, life.name, life.address, life.macAddress],
    ...[life.port, life.portState],
    ...(life.dockerd === undefined ? [] : [...dockerdOptions(life), ...life.dockerd]),
  ];
}

// No packet leaves these networks, and containers are reached through docker-proxy: a firewall takes longer than all else.
function dockerdOptions({ cgroup }: MachineLife): string[] {
  return [
    ...["--iptables=false", "--ip6tables=false", "--insecure-registry", "172.16.0.0/16"],
    ...["--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", `/${cgroup}`],
  ];
}

/** What an engine says when it listens, and when it will not. */
export const engineLog = { ready: /API listen on/, failed: /lab: dockerd ended/ };
