import { once } from "node:events";
import { createConnection } from "node:net";
import { engineSocketPath, startProxy } from "@otto/lab";
import ssh2 from "ssh2";

/** What the bench is told of them. */
export interface SimulatedParents {
  readonly ports: readonly number[];
  /** `ssh-ed25519 AAAA…` of all of them. */
  readonly publicKey: string;
  /** Lets anybody in. */
  readonly privateKey: string;
}

// Many SSH servers in one process, each with a port of its own and this machine's engine behind it. Started by the bench with
// how many there are and by how many milliseconds each direction is late.
const [count = 0, delayMs = 0] = process.argv.slice(2).map(Number);
const keys = ssh2.utils.generateKeyPairSync("ed25519");
const hostKeys = [keys.private];
const ports: number[] = [];
for (let index = 0; index < count; index += 1) {
  const server = new ssh2.Server({ hostKeys }, serve);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  ports.push(delayMs === 0 ? port : (await startProxy(port, { delayMs })).port);
}
process.send?.({ ports, publicKey: keys.public, privateKey: keys.private } satisfies SimulatedParents);
process.once("disconnect", () => process.exit());

function serve(client: ssh2.Connection): void {
  client.on("error", () => undefined);
  client.on("authentication", (login) => login.accept());
  client.on("ready", () => {
    client.on("openssh.streamlocal", (accept) => joinEngine(accept()));
    client.on("session", (accept) =>
      accept().on("exec", (acceptExec, reject, { command }) => {
        if (command.includes("dial-stdio")) joinEngine(acceptExec());
        else reject();
      }),
    );
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
