// pnpm bench build: whole commands, `otto docker build` against `docker build` with DOCKER_HOST=ssh://, on the same
// context and parent, through a proxy that counts bytes. Prints a table of ratios.
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labJson, startLab } from "@otto/lab";
import { largeFiles, smallFiles } from "./contexts.js";
import { measure } from "./measure.js";
import { dockerPhases, ottoPhases } from "./phases.js";

const otto = new URL("../../../apps/cli/bin/otto.js", import.meta.url).pathname;
const home = mkdtempSync(join(tmpdir(), "otto-bench-"));
const lab = await startLab({ hosts: { parent: { proxy: {} } } });
const { parent } = lab.hosts;

/** An `ssh` that knows the lab's keys, for the docker client; it starts `ssh` from PATH and passes no options. */
function laySsh() {
  const options = `-i ${lab.privateKeyPath} -o UserKnownHostsFile=${lab.knownHostsPath} -o IdentitiesOnly=yes`;
  mkdirSync(join(home, "bin"));
  writeFileSync(join(home, "bin/ssh"), `#!/bin/sh\nexec /usr/bin/ssh ${options} "$@"\n`, { mode: 0o755 });
}

function layRepo(name, fill) {
  const root = join(home, name);
  mkdirSync(join(root, ".otto"), { recursive: true });
  mkdirSync(join(root, "context"));
  fill(join(root, "context"));
  writeFileSync(join(root, "context/Dockerfile"), "FROM scratch\nCOPY . /\n");
  writeFileSync(
    join(root, ".otto/settings.toml"),
    `name = "${name}"\nversion = "1"\n[[lab.sources]]\nbackend = "json"\npaths = ["lab.json"]\n` +
      `[[docker.images]]\nname = "api"\ncontext = "context"\ndockerfile = "context/Dockerfile"\n`,
  );
  writeFileSync(join(root, "lab.json"), JSON.stringify(labJson(lab)));
  return root;
}

const environment = { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, "cache"), OTTO_LAB: "lab" };
const tools = {
  otto: (root) =>
    measure(parent.proxy, process.execPath, [otto, "docker", "build", "--json"], {
      cwd: root,
      env: { ...environment, OTTO_TRUST: root },
    }),
  docker: (root, name) =>
    measure(parent.proxy, "docker", ["build", "--progress", "plain", "--tag", `${name}-docker`, "context"], {
      cwd: root,
      env: {
        ...environment,
        PATH: `${join(home, "bin")}:${process.env.PATH}`,
        DOCKER_HOST: `ssh://${parent.user}@127.0.0.1:${parent.port}`,
        DOCKER_BUILDKIT: "1",
      },
    }),
};

/** Each changes a checkout and says where to build; `rebuild` asks otto for what its hash would skip. */
const scenarios = [
  { name: "first build", change: (root) => root },
  { name: "no change", change: (root) => root, rounds: 3 },
  { name: "one file changed", change: (root, changed) => editFile(root, changed) },
  { name: "touch all", change: (root) => touchAll(root) },
  { name: "other clone, other umask", change: (root) => cloneOf(root) },
];

function editFile(root, changed) {
  appendFileSync(join(root, "context", changed), "x");
  return root;
}

function touchAll(root) {
  measure.sync("find", [join(root, "context"), "-exec", "touch", "{}", "+"]);
  return root;
}

function cloneOf(root) {
  const clone = `${root}-clone`;
  rmSync(clone, { recursive: true, force: true });
  cpSync(root, clone, { recursive: true });
  measure.sync("chmod", ["-R", "go-rwx", join(clone, "context")]);
  return clone;
}

async function runTool(tool, name, root, changed) {
  const rows = [];
  for (const { name: scenario, change, rounds = 1 } of scenarios) {
    const runs = [];
    for (let round = 0; round < rounds; round++) runs.push(await tools[tool](change(root, changed), name));
    rows.push({ scenario, ...runs.sort((a, b) => a.wallMs - b.wallMs)[Math.floor(rounds / 2)] });
  }
  return rows;
}

function removeImages(name) {
  measure.sync("sh", [
    "-c",
    `docker image rm --force $(docker image ls --quiet --filter label=otto.repo=${name}) ${name}-docker; true`,
  ]);
}

const mb = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

function printTable(title, ours, theirs) {
  console.log(
    `\n${title}\n\n| | otto | docker over ssh | ratio of time | up: otto | up: docker | handshakes | peak memory |`,
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const [index, row] of ours.entries()) {
    const peer = theirs[index];
    const cells = [
      row.scenario,
      `${row.wallMs.toFixed(0)} ms`,
      `${peer.wallMs.toFixed(0)} ms`,
      `${(row.wallMs / peer.wallMs).toFixed(2)} x`,
      mb(row.upBytes),
      mb(peer.upBytes),
      `${row.connections} / ${peer.connections}`,
      mb(row.peakBytes),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

/** Of the first build, which the engine's own work bounds. */
function printPhases(ours, theirs) {
  const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
  console.log(
    "\n| first build | before the context goes | while it goes | the engine alone |\n| --- | --- | --- | --- |",
  );
  const printRow = (tool, { beforeMs, contextMs, restMs }) =>
    console.log(`| ${tool} | ${seconds(beforeMs)} | ${seconds(contextMs)} | ${seconds(restMs)} |`);
  printRow("otto", ottoPhases(ours.lines, ours.wallMs));
  printRow("docker over ssh", dockerPhases(theirs.lines, theirs.wallMs));
}

laySsh();
try {
  for (const [title, fill, changed] of [
    ["54 files, 200 MB", largeFiles, "file-7"],
    ["20,000 files, 205 MB", smallFiles, "d7/s0/file-7.txt"],
  ]) {
    const name = `bench${title.slice(0, 2)}${process.pid}`;
    const rows = {};
    // Each tool has a checkout of its own, alike in all but the noise, so that neither finds what the other has sent.
    for (const tool of ["otto", "docker"]) {
      const root = layRepo(`${name}-${tool}`, fill);
      rows[tool] = await runTool(tool, `${name}-${tool}`, root, changed);
      rmSync(root, { recursive: true });
      removeImages(`${name}-${tool}`);
    }
    printTable(title, rows.otto, rows.docker);
    printPhases(rows.otto[0], rows.docker[0]);
  }
} finally {
  await lab[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
}
