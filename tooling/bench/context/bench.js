// How fast a build context is read, against what hashes and looks at the same files without us. Each figure is a median
// of rounds that take turns, so that what slows the machine slows all of them.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { writeTree } from "./tree.js";

const rounds = Number(process.env.OTTO_ROUNDS ?? 11);
// Younger files are not trusted from the cache.
const settleMs = 3000;
const checksums = "find . -type f -print0 | xargs -0 -n 500 -P 2 sha256sum > /dev/null";
const rules = [
  "*.md",
  "**/*.log",
  "node_modules",
  "dist/**",
  "!dist/keep",
  "**/tmp",
  ".git",
  "docs/*.txt",
  "a?c",
  "[xyz]*",
];

const work = mkdtempSync(join(tmpdir(), "otto-bench-"));
try {
  await runBench();
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function runBench() {
  const large = join(work, "large");
  const bytes = writeTree(large, 20_000);
  writeTree(join(work, "small"), 20);
  writeFileSync(join(work, "Dockerfile"), "FROM scratch\n");
  writeFileSync(join(work, "Ruled"), "FROM scratch\n");
  writeFileSync(join(work, "Ruled.dockerignore"), rules.join("\n"));
  const git = [
    "--git-dir",
    join(work, "git"),
    "--work-tree",
    large,
    "-c",
    "user.name=a",
    "-c",
    "user.email=a@example.com",
  ];
  for (const args of [
    ["init", "-q"],
    ["add", "-A"],
    ["commit", "-qm", "tree"],
  ])
    execFileSync("git", [...git, ...args]);
  console.log(`20,000 files, ${Math.round(bytes / 1e6)} MB; ${rounds} rounds; ${process.version}`);
  await setTimeout(settleMs);

  const reader = startReader();
  const dockerfile = join(work, "Dockerfile");
  const large0 = { context: large, dockerfile };
  const cacheDir = join(work, "cache");
  const figures = {
    checksums: [],
    status: [],
    none: [],
    cold: [],
    warm: [],
    ruled: [],
    ruledWarm: [],
    small: [],
    held: [],
    peak: [],
  };
  const first = await reader.read({ source: large0 });
  for (let round = 0; round < rounds; round++) {
    figures.checksums.push(timeCommand("sh", ["-c", checksums], large));
    rmSync(cacheDir, { recursive: true, force: true });
    const cold = await reader.read({ source: large0, options: { cacheDir } });
    figures.status.push(timeCommand("git", [...git, "status", "--short"], large));
    const warm = await reader.read({ source: large0, options: { cacheDir } });
    const none = await reader.read({ source: large0 });
    const ruled = await reader.read({ source: { context: large, dockerfile: join(work, "Ruled") } });
    const ruledWarm = await reader.read({
      source: { context: large, dockerfile: join(work, "Ruled") },
      options: { cacheDir },
    });
    const small = await reader.read({ source: { context: join(work, "small"), dockerfile } });
    const all = { cold, warm, none, ruled, ruledWarm, small };
    for (const [name, { ms }] of Object.entries(all)) figures[name].push(ms);
    figures.held.push(Math.max(...Object.values(all).map(({ heldMs }) => heldMs)));
    if (new Set([cold, warm, none, ruled].map(({ hash }) => hash)).size !== 1) throw new Error("one tree, two hashes");
  }
  const alone = startReader();
  const { peakMb } = await alone.read({ source: large0, options: { cacheDir: join(work, "cache-2") } });
  await alone.stop();
  await reader.stop();
  report(figures, { peakMb, firstMs: first.ms });
}

function report(figures, { peakMb, firstMs }) {
  const [checksum, status, none, cold, warm, ruled, ruledWarm, small] = [
    "checksums",
    "status",
    "none",
    "cold",
    "warm",
    "ruled",
    "ruledWarm",
    "small",
  ].map((name) => median(figures[name]));
  const rows = [
    ["find | xargs -P 2 sha256sum", `${checksum.toFixed(0)} ms`, "", ""],
    ["git status --short", `${status.toFixed(0)} ms`, "", ""],
    [
      "readContext, empty cache",
      `${cold.toFixed(0)} ms`,
      `${(cold / checksum).toFixed(2)} x sha256sum`,
      cold / checksum <= 0.6,
    ],
    [
      "readContext, no cache",
      `${none.toFixed(0)} ms`,
      `${(none / checksum).toFixed(2)} x sha256sum`,
      none / checksum <= 0.6,
    ],
    [
      "readContext, warm cache",
      `${warm.toFixed(0)} ms`,
      `${(warm / status).toFixed(2)} x git status`,
      warm / status <= 3,
    ],
    ["ten ignore patterns, no cache", `${ruled.toFixed(0)} ms`, `${percent(ruled / none)}`, ruled / none <= 1.15],
    [
      "ten ignore patterns, warm cache",
      `${ruledWarm.toFixed(0)} ms`,
      `${percent(ruledWarm / warm)}`,
      ruledWarm / warm <= 1.15,
    ],
    ["20 files, no cache", `${small.toFixed(1)} ms`, "", small < 5],
    ["event loop held, longest of a round", `${median(figures.held).toFixed(0)} ms`, "", median(figures.held) < 50],
    ["event loop held, longest of all", `${Math.max(...figures.held).toFixed(0)} ms`, "", ""],
    ["peak memory of a process", `${peakMb.toFixed(0)} MB`, "", peakMb < 160],
    ["the first call of a process, no cache", `${firstMs.toFixed(0)} ms`, "", ""],
  ];
  console.log(["what", "median", "ratio", "bound"].join(" | "));
  for (const [what, value, ratio, held] of rows) console.log([what, value, ratio, verdict(held)].join(" | "));
  process.exitCode = rows.some(([, , , held]) => held === false) ? 1 : 0;
}

function verdict(held) {
  if (held === "") return "";
  return held ? "held" : "MISSED";
}

function percent(ratio) {
  const change = (ratio - 1) * 100;
  return `${change < 0 ? "" : "+"}${change.toFixed(0)} %`;
}

function timeCommand(command, args, cwd) {
  const startedAt = performance.now();
  execFileSync(command, args, { cwd });
  return performance.now() - startedAt;
}

function startReader() {
  const child = spawn(process.execPath, [fileURLToPath(new URL("reader.js", import.meta.url))], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async read(call) {
      child.stdin.write(`${JSON.stringify(call)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("the reader ended");
      return JSON.parse(value);
    },
    stop: () => new Promise((resolve) => child.once("exit", resolve).stdin.end()),
  };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
