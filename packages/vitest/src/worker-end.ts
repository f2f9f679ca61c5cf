/**
 * Ends this worker when vitest's own process has gone, even by SIGKILL: a forked worker would go on, and with it its use
 * of a stack. The parent then takes down what nobody uses.
 */
export function endWithVitest(): void {
  const isWatching = process.listeners("disconnect").some((listener) => listener === endProcess);
  if (process.channel !== undefined && !isWatching) process.once("disconnect", endProcess);
}

function endProcess(): void {
  process.exit(1);
}
