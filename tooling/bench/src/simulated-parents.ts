import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { engineSocketPath, startProxy } from "@otto/lab";
import ssh2 from "ssh2";
import { shellArgv } from "./shell.js";

/** What the bench is told of them. */
export interface SimulatedParents {
  readonly ports: readonly number[];
  /** `ssh-ed25519 AAAA…` of all of them. */
  readonly publicKey: string;
  /** Lets anybody in. */
  readonly privateKey: string;
}

// Many SSH servers in one process, each with a port of its own and this machine's engine behind it. Started by the bench with
// how many there are and by how many milliseconds each direction is late; asked by a message how many connections there were.
const [count = 0, delayMs = 0] = process.argv.slice(2).map(Number);
const keys = ssh2.utils.generateKeyPairSync("ed25519");
const hostKeys = [keys.private];
const ports: number[] = [];
let handshakes = 0;
for (let index = 0; index < count; index += 1) {
  const server = new ssh2.Server({ hostKeys }, serve);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  ports.push(delayMs === 0 ? port : (await startProxy(port, { delayMs })).port);
}
process.send?.({ ports, publicKey: keys.public, privateKey: keys.private } satisfies SimulatedParents);
process.on("message", () => process.send?.(handshakes));
process.once("disconnect", () => process.exit());

function serve(client: ssh2.Connection): void {
  client.on("error", () => undefined);
  client.on("authentication", (login) => login.accept());
  client.on("ready", () => {
    handshakes += 1;
    client.on("openssh.streamlocal", (accept) => joinEngine(accept()));
    client.on("session", (accept) =>
      accept().on("exec", (acceptExec, _, { command }) => {
        if (command.includes("dial-stdio")) joinEngine(acceptExec());
        else runCommand(acceptExec(), command);
      }),
    );
  });
}

/** Runs a command as on a machine of its own: with locks that no other parent knows. */
function runCommand(channel: ssh2.ServerChannel, command: string): void {
  const line = 'mount -t tmpfs none /run/lock && exec sh -c "$1"';
  const child = spawn("unshare", ["--mount", ...shellArgv(line, command)], { stdio: "pipe" });
  child.stdin.on("error", () => undefined);
  channel.on("error", () => child.stdin.destroy());
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.once("close", (code) => {
    channel.exit(code ?? 1);
    channel.end();
  });
}

function joinEngine(channel: ssh2.ServerChannel): void {
  const engine = createConnection(engineSocketPath());
  channel.on("error", () => engine.destroy());
  engine.on("error", () => channel.end());
  engine.pipe(channel);
  channel.pipe(engine);
  engine.once("close", () => {
    if ("exit" in channel) channel.exit(0);
    channel.end();
  });
}
