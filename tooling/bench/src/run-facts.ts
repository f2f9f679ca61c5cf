import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import type { RunFacts } from "./result.js";

/** @param words those of the command line */
export function readRunFacts(words: readonly string[], rounds: number): RunFacts {
  return {
    date: new Date().toISOString().slice(0, 10),
    command: ["pnpm bench", ...words].join(" "),
    rounds,
    machine: describeMachine(),
    load: loadavg()[0] ?? 0,
    versions: {
      Node: process.versions.node,
      Docker: say("docker", ["version", "--format", "{{.Server.Version}}"]),
      "docker client": say("docker", ["version", "--format", "{{.Client.Version}}"]),
      Compose: say("docker", ["compose", "version", "--short"]),
      OpenSSH: versionIn(say("ssh", ["-V"])),
      rsync: versionIn(say("rsync", ["--version"])),
    },
  };
}

/** Nothing that names it. */
function describeMachine(): string {
  const system = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? process.platform;
  const cores = cpus().length;
  return `${cores} ${cores === 1 ? "core" : "cores"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${system}`;
}

function say(program: string, args: readonly string[]): string {
  return execFileSync("sh", ["-c", 'exec "$@" 2>&1', "sh", program, ...args], { encoding: "utf8" }).trim();
}

function versionIn(text: string): string {
  return /\d[\w.]*/.exec(text)?.[0] ?? text;
}
