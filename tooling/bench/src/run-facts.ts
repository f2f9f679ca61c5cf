import { readFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import type { RunFacts } from "./result.js";
import { sh } from "./shell.js";

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
      Docker: outputOf("docker", "version", "--format", "{{.Server.Version}}"),
      "docker client": outputOf("docker", "version", "--format", "{{.Client.Version}}"),
      Compose: outputOf("docker", "compose", "version", "--short"),
      OpenSSH: versionIn(outputOf("ssh", "-V")),
      rsync: versionIn(outputOf("rsync", "--version")),
    },
  };
}

/** Nothing that names it. */
function describeMachine(): string {
  const system = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? process.platform;
  const cores = cpus().length;
  return `${cores} ${cores === 1 ? "core" : "cores"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${system}`;
}

/** What a command prints on stdout or stderr. */
function outputOf(...argv: readonly string[]): string {
  return sh('exec "$@" 2>&1', ...argv).trim();
}

function versionIn(text: string): string {
  return /\d[\w.]*/.exec(text)?.[0] ?? text;
}
