import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

const pollMs = 20;

/** Runs a command to its end: its time, the bytes it sent through the proxy, its connections, its peak memory. */
export async function measure(proxy, program, args, options) {
  const before = { up: proxy.bytes.up, connections: proxy.connections };
  const started = performance.now();
  const child = spawn(program, args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  let peakBytes = 0;
  const poll = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentPeak(child.pid));
  }, pollMs);
  const [code] = await once(child, "close");
  clearInterval(poll);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: exit code ${code}\n${stderr}`);
  return {
    wallMs: performance.now() - started,
    upBytes: proxy.bytes.up - before.up,
    connections: proxy.connections - before.connections,
    peakBytes,
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
