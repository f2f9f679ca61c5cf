import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Makes what tells how many bytes this process holds, and not what waits to be collected: V8 lets 64 MB of buffers gather
 * before it looks.
 */
export function createMemoryGauge(): () => number {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  return () => {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
}
