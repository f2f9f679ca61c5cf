import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openSshSession } from "ssh2-streamer";

/** Connects to `count` simulated parents at once, 16 handshakes at a time, and says what that took. */
export async function measureScale(count) {
  const server = fork(fileURLToPath(new URL("parents.js", import.meta.url)), [String(count)]);
  const [{ ports, fingerprint, key }] = await once(server, "message");
  const before = process.memoryUsage().rss;
  const connectGate = createGate(16);
  const sessions = ports.map((port, index) =>
    openSshSession([{ ...describeParent(port, index, key), hostKey: { pin: fingerprint } }], { connectGate }),
  );
  const startedAt = performance.now();
  await Promise.all(sessions.map((session) => session.connect()));
  const seconds = (performance.now() - startedAt) / 1000;
  const kilobytes = (process.memoryUsage().rss - before) / 1024 / count;
  const results = await Promise.all(sessions.map((session) => session.exec(["name"])));
  const answered = new Set(results.map(({ stdout }) => stdout.toString())).size;
  process.stdout.write(
    `${count} parents at once: connected in ${seconds.toFixed(2)} s, ${kilobytes.toFixed(0)} KB a session, ${answered} answered\n`,
  );
  await Promise.all(sessions.map((session) => session.close()));
  server.kill();
}

function describeParent(port, index, content) {
  const privateKeys = [{ content: { reveal: () => content } }];
  return { name: `parent${index}`, host: "127.0.0.1", port, credentials: [{ username: "me", privateKeys }] };
}

function createGate(limit) {
  const waiting = [];
  let running = 0;
  const next = () => {
    if (running >= limit || waiting.length === 0) return;
    running += 1;
    waiting.shift()();
  };
  return (work) =>
    new Promise((resolve, reject) => {
      waiting.push(() => {
        const done = () => {
          running -= 1;
          next();
        };
        work().then(resolve, reject).finally(done);
      });
      next();
    });
}
