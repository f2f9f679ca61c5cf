// Has much under way on a parent, says so, stands still as it is told, and tells what became of it.
import { createSshParent, DockerContainerHost, readServiceLogs, withRemoteLock } from "@otto/hosts";

const { endpoint, docker, socketPath, project, lock, blockMs } = JSON.parse(process.argv[2] ?? "");
const parent = createSshParent({ id: "parent", route: [endpoint], docker, socketPath });
const { engine } = parent;
const host = new DockerContainerHost({ id: "parent.r.api", service: "api", project, replica: 1, engine });
const command = ["sh", "-c", "sleep 2; echo done"];

const ended = async (running) => {
  const { exitCode, timedOut, stdout } = await running;
  return [exitCode, timedOut, stdout.toString()];
};

async function follow() {
  const numbers = [];
  for await (const { text } of readServiceLogs(engine, { project }, { follow: true })) {
    numbers.push(Number(text));
    if (numbers.length === 60) break;
  }
  return numbers.every((number, index) => number === index + 1) ? numbers.length : numbers;
}

async function ask(process) {
  process.stderr.resume();
  process.stdin.end("hello\n");
  const [answer] = await process.stdout.toArray();
  return [String(answer), await process.exit];
}

const outcome = await withRemoteLock(parent, { name: lock, who: "still" }, async () => {
  // Each of them is under way before time stands still.
  const asked = await Promise.all([parent, host].map((one) => one.spawn(["sh", "-c", "read -r it; echo got $it"])));
  const [onParent, inContainer] = [parent, host].map((one) => ended(one.exec(command, { timeoutMs: 4000 })));
  const numbers = follow();
  await Promise.all([parent.exec(["true"]), host.exec(["true"]), engine.version()]);
  process.stdout.write("ready\n");
  await new Promise((resolve) => process.stdin.once("data", resolve));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockMs);
  return {
    onParent: await onParent,
    inContainer: await inContainer,
    asked: await Promise.all(asked.map(ask)),
    numbers: await numbers,
  };
});
process.stdout.write(`${JSON.stringify(outcome)}\n`);
await host[Symbol.asyncDispose]();
await parent[Symbol.asyncDispose]();
process.exit();
