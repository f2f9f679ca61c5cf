// How long a stack takes to come up, to be found unchanged and to go down through one SSH connection, against
// `docker compose` run by hand on the parent and against DOCKER_HOST=ssh://. Rounds take turns.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeDown, composeUp, openLab } from "@otto/docker";
import { createBusyboxImage, labJson, startLab } from "@otto/lab";

const rounds = Number(process.env.OTTO_ROUNDS ?? 3);
const many = Number(process.env.OTTO_SERVICES ?? 30);
const few = 6;
const name = `bench${process.pid}`;
const root = mkdtempSync(join(tmpdir(), "otto-bench-"));
const running = await startLab({ hosts: { parent: {} } });
const image = await createBusyboxImage(`${name}:1`);
try {
  await runBench();
} finally {
  await image[Symbol.asyncDispose]();
  await running[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
}

async function runBench() {
  const figures = new Map();
  const take = async (what, work) => {
    const startedAt = performance.now();
    await work();
    figures.set(what, [...(figures.get(what) ?? []), performance.now() - startedAt]);
  };
  for (const count of [many, few]) {
    const { lab, repo, compose } = await layStack(count);
    // The connection is there in both: by hand one is logged in already.
    await lab.parent("parent").exec("true");
    for (let round = 0; round < rounds; round++) {
      await take(`otto up ${count}`, () => composeUp(repo, lab));
      await take(`otto unchanged ${count}`, () => composeUp(repo, lab));
      await take(`otto down ${count}`, () => composeDown(repo, lab));
      await take(`hand up ${count}`, () => compose("up", "--detach", "--wait"));
      await take(`hand ps ${count}`, () => compose("ps"));
      if (count === few) await take("ssh unchanged", () => overSsh(count));
      await take(`hand down ${count}`, () => compose("down", "--timeout", "1"));
    }
    await lab[Symbol.asyncDispose]();
  }
  report(new Map([...figures].map(([what, times]) => [what, median(times)])));
}

async function layStack(count) {
  const directory = join(root, String(count));
  mkdirSync(join(directory, ".otto"), { recursive: true });
  mkdirSync(join(directory, "lab"));
  const services = Array.from({ length: count }, (_, n) => `  s${n}: { image: "${image.tag}", init: true }`);
  writeFileSync(join(directory, "compose.yml"), `services:\n${services.join("\n")}\n`);
  writeFileSync(
    join(directory, ".otto/settings.toml"),
    `name = "${name}"\nversion = "1"\n[[lab.sources]]\nbackend = "json"\npaths = ["lab"]\n[[docker.composes]]\npath = "compose.yml"\n`,
  );
  writeFileSync(join(directory, "lab/lab.json"), JSON.stringify(labJson(running)));
  const env = { ...process.env, OTTO_COMPOSE_SUFFIX: `o${count}`, OTTO_TRUST: directory };
  const lab = await openLab({ cwd: directory, env, home: running.directory, lab: "lab" });
  const argv = ["compose", "--project-name", `${name}-hand${count}`, "--project-directory", directory];
  const compose = (...words) => execFileSync("docker", [...argv, ...words], { stdio: "ignore" });
  return { lab, repo: lab.repos[0], compose };
}

function overSsh(count) {
  const { port, user, privateKeyPath } = running.hosts.parent;
  const ssh = join(root, "ssh");
  writeFileSync(
    ssh,
    `#!/bin/sh\nexec /usr/bin/ssh -i ${privateKeyPath} -o UserKnownHostsFile=${running.knownHostsPath} "$@"\n`,
    { mode: 0o755 },
  );
  const env = { ...process.env, PATH: `${root}:${process.env.PATH}`, DOCKER_HOST: `ssh://${user}@127.0.0.1:${port}` };
  const argv = ["compose", "--project-name", `${name}-hand${count}`, "--project-directory", join(root, String(count))];
  execFileSync("docker", [...argv, "up", "--detach"], { stdio: "ignore", env });
}

function report(times) {
  const of = (what) => times.get(what);
  const ratio = (ours, theirs, bound) => [ours, of(ours) / of(theirs), `x ${theirs}`, bound];
  const rows = [
    ratio(`otto up ${many}`, `hand up ${many}`, 1.15),
    ratio("otto up 6", "hand up 6", undefined),
    [
      `otto unchanged ${many}`,
      (of(`otto unchanged ${many}`) - of(`hand ps ${many}`)) / 1000,
      `s more than hand ps`,
      0.6,
    ],
    ratio("otto unchanged 6", "ssh unchanged", 0.5),
    ratio(`otto down ${many}`, `hand down ${many}`, 1.15),
  ];
  console.log(`${rounds} rounds, medians; ${process.version}`);
  for (const [what, time] of times) console.log(`${what} | ${(time / 1000).toFixed(2)} s`);
  for (const [what, value, unit, bound] of rows) {
    const verdict = bound === undefined ? "" : value <= bound ? "held" : "MISSED";
    console.log(`${what} | ${value.toFixed(2)} ${unit} | ${bound ?? ""} | ${verdict}`);
    if (verdict === "MISSED") process.exitCode = 1;
  }
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
