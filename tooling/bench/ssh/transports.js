// Both transports against `ssh` with a ControlMaster: a connection with its first command, a hundred commands one after the
// other, and 256 MB each way. The three take turns in every round.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { openSshSession } from "ssh2-streamer";

const execute = promisify(execFile);
const bytes = 256 << 20;
const chunk = Buffer.alloc(1 << 20);

/** @param host of the lab @param report prints a row @param rounds how often each is measured */
export async function measureTransports(lab, host, { report, rounds, time, quantile }) {
  const ways = {
    ssh: () => connectMaster(lab, host),
    openssh: () => connectSession(lab, host, "openssh"),
    ssh2: () => connectSession(lab, host, "ssh2"),
  };
  const times = {};
  const note = (work, name, ms) => {
    times[work] ??= {};
    times[work][name] ??= [];
    times[work][name].push(ms);
  };
  for (let round = 0; round < rounds; round += 1) {
    const order = Object.entries(ways);
    for (const [name, connect] of [...order.slice(round % 3), ...order.slice(0, round % 3)]) {
      let way;
      note(
        "connect, exec true, ms",
        name,
        await time(async () => {
          way = await connect();
          await way.exec("true");
        }),
      );
      note(
        "100 x exec true, ms",
        name,
        await time(async () => {
          for (let call = 0; call < 100; call += 1) await way.exec("true");
        }),
      );
      note("256 MB up, ms", name, await time(() => way.send()));
      note("256 MB down, ms", name, await time(() => way.receive()));
      await way.close();
    }
  }
  for (const [work, each] of Object.entries(times)) {
    const medians = Object.fromEntries(Object.entries(each).map(([name, all]) => [name, quantile(all, 0.5)]));
    report(work, {
      ...medians,
      "openssh / ssh": medians.openssh / medians.ssh,
      "ssh2 / ssh": medians.ssh2 / medians.ssh,
    });
  }
}

async function connectMaster(lab, { address, port, user }) {
  const directory = mkdtempSync(join(tmpdir(), "otto-bench-"));
  const control = ["-F", "none", "-S", join(directory, "c")];
  const target = ["-p", String(port), `${user}@${address}`];
  const known = [
    "-o",
    `UserKnownHostsFile=${lab.knownHostsPath}`,
    "-i",
    lab.privateKeyPath,
    "-o",
    "IdentityAgent=none",
  ];
  await execute("ssh", [...control, ...known, "-M", "-f", "-N", ...target]);
  const run = (command, stdin, stdout) =>
    spawn("ssh", [...control, ...target, command], { stdio: [stdin, stdout, "inherit"] });
  return {
    exec: (command) => once(run(command, "ignore", "ignore"), "exit"),
    send: async () => {
      const child = run("cat >/dev/null", "pipe", "ignore");
      const exited = once(child, "exit");
      zeros().pipe(child.stdin);
      await exited;
    },
    receive: async () => {
      const child = run(`head -c ${bytes} /dev/zero`, "ignore", "pipe");
      for await (const _ of child.stdout);
    },
    close: async () => {
      await execute("ssh", [...control, "-O", "exit", ...target]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function connectSession(lab, host, transport) {
  const credentials = [{ username: host.user, privateKeys: [{ path: lab.privateKeyPath }] }];
  const hostKey = { knownHosts: [lab.knownHostsPath] };
  const { name, address, port } = host;
  const session = openSshSession([{ name, host: address, port, credentials, hostKey, transport }]);
  await session.connect();
  return {
    exec: (command) => session.exec([command]),
    send: () => session.exec(["sh", "-c", "cat >/dev/null"], { stdin: zeros() }),
    receive: async () => {
      const started = await session.spawn(["head", "-c", String(bytes), "/dev/zero"]);
      started.stderr.resume();
      for await (const _ of started.stdout);
    },
    close: () => session.close(),
  };
}

function zeros() {
  let left = bytes / chunk.length;
  return new Readable({
    highWaterMark: chunk.length,
    read() {
      left -= 1;
      this.push(left < 0 ? null : chunk);
    },
  });
}
