// Calls the library once for each line on stdin and answers with the time that took: a running process, as the CLI and
// a test run are, that can be asked for its memory and whether its event loop was held up.
import { createInterface } from "node:readline";
import { readContext } from "@otto/context";

const beatMs = 2;
const beats = createHeartbeat();
for await (const line of createInterface({ input: process.stdin })) {
  const { source, options } = JSON.parse(line);
  beats.reset();
  const startedAt = performance.now();
  const { hash, entries } = await readContext(source, options);
  const ms = performance.now() - startedAt;
  const heldMs = beats.longestMs();
  const peakMb = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(`${JSON.stringify({ ms, hash, entries: entries.length, heldMs, peakMb })}\n`);
}
beats.stop();

function createHeartbeat() {
  let [last, longest] = [0, 0];
  const beat = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last - beatMs);
    last = now;
  };
  const timer = setInterval(beat, beatMs);
  return {
    reset: () => {
      [last, longest] = [performance.now(), 0];
    },
    longestMs: () => {
      beat();
      return longest;
    },
    stop: () => clearInterval(timer),
  };
}
