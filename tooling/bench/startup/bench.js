// How long otto takes to start, against Node itself. Rounds take turns, so that what slows the machine slows all of them;
// each figure is the fastest of them.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const rounds = Number(process.env.OTTO_ROUNDS ?? 31);
const otto = fileURLToPath(new URL("../../../apps/cli/bin/otto.js", import.meta.url));
// A repository with an image and a Compose file.
const cwd = fileURLToPath(new URL("../../../examples/hello", import.meta.url));
// With it Node 20 reads certificates at each start: that makes the reference slow, and the ratios small.
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

const completing = [otto, "completion", "bash", "--"];

const commands = [
  { name: "node -e 0", argv: ["-e", "0"] },
  { name: "otto --version", argv: [otto, "--version"], atMost: 1.8 },
  { name: "otto --help", argv: [otto, "--help"] },
  { name: "otto --list-hosts", argv: [otto, "--list-hosts"], atMost: 3 },
  { name: "otto docker ps", argv: [otto, "docker", "ps"] },
  { name: "completing an option", argv: [...completing, "docker", "up", "--"], atMostMs: 150 },
  { name: "completing an image", argv: [...completing, "docker", "build", ""], atMostMs: 150 },
  { name: "completing a host", argv: [...completing, "host", "loc"], atMostMs: 150 },
  {
    name: "completing a path of a host, read before",
    argv: [...completing, "host", "local", "get", "/"],
    atMostMs: 150,
  },
];

const fastest = new Map(commands.map(({ name }) => [name, Number.POSITIVE_INFINITY]));
for (let round = 0; round < rounds; round++) {
  for (const { name, argv } of commands) fastest.set(name, Math.min(fastest.get(name), time(argv)));
}
report();

function time(argv) {
  const startedAt = performance.now();
  execFileSync(process.execPath, argv, { cwd, env, stdio: "ignore" });
  return performance.now() - startedAt;
}

function report() {
  const node = fastest.get("node -e 0");
  console.log(`${rounds} rounds; ${process.version}`);
  console.log("what | fastest | ratio | bound");
  for (const { name, atMost, atMostMs } of commands) {
    const ms = fastest.get(name);
    const ratio = ms / node;
    const isHeld = ratio <= (atMost ?? Number.POSITIVE_INFINITY) && ms <= (atMostMs ?? Number.POSITIVE_INFINITY);
    if (!isHeld) process.exitCode = 1;
    const limit = atMost === undefined ? atMostMs && `${atMostMs} ms` : `${atMost} x`;
    const bound = limit === undefined ? "" : `${limit}: ${isHeld ? "held" : "MISSED"}`;
    console.log(`${name} | ${ms.toFixed(0)} ms | ${ratio.toFixed(2)} x | ${bound}`);
  }
}
