import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const pollMs = 20;

/**
 * Runs a command to its end: its time, the bytes it sent through the proxy, its connections, its peak memory, and each
 * line that it said with when.
 */
export async function measure(proxy, program, args, options) {
  const before = { up: proxy.bytes.up, connections: proxy.connections };
  const started = performance.now();
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const lines = [];
  const keep = (text) => lines.push({ atMs: performance.now() - started, text });
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on("line", keep);
  let peakBytes = 0;
  const poll = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentPeak(child.pid));
  }, pollMs);
  const [code] = await once(child, "close");
  clearInterval(poll);
  if (code !== 0)
    throw new Error(`${program} ${args.join(" ")}: exit code ${code}\n${lines.map(({ text }) => text).join("\n")}`);
  return {
    wallMs: performance.now() - started,
    upBytes: proxy.bytes.up - before.up,
    connections: proxy.connections - before.connections,
    peakBytes,
    lines,
  };
}

measure.sync = (program, args) => execFileSync(program, args, { stdio: "ignore" });

function residentPeak(pid) {
  try {
    const [, kilobytes = "0"] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return 0;
  }
}
