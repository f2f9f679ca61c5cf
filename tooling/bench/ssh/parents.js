// Many SSH servers in one process, each with a port of its own, that answer any command with their number.
import { createHash } from "node:crypto";
import { once } from "node:events";
import ssh2 from "ssh2";

const count = Number(process.argv[2]);
const keys = ssh2.utils.generateKeyPairSync("ed25519");
const hostKey = ssh2.utils.parseKey(keys.private);
const ports = [];
for (let index = 0; index < count; index += 1) {
  const server = new ssh2.Server({ hostKeys: [keys.private] }, (client) => serve(client, index));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ports.push(server.address().port);
}
const fingerprint = `SHA256:${createHash("sha256").update(hostKey.getPublicSSH()).digest("base64").replace(/=+$/, "")}`;
process.send({ ports, fingerprint, key: keys.private });

function serve(client, index) {
  client.on("authentication", (login) => login.accept());
  client.on("error", () => {});
  client.on("session", (accept) => {
    accept().on("exec", (acceptExec) => {
      const channel = acceptExec();
      channel.write(String(index));
      channel.exit(0);
      channel.end();
    });
  });
}
