import { formatBytes } from "./byte-count.js";

const barCells = 20;

/** A bar, and how much of how much; without a total the bytes alone. */
export function formatProgress({
  bytes,
  totalBytes,
}: {
  readonly bytes: number;
  readonly totalBytes?: number | undefined;
}) {
  if (totalBytes === undefined) return formatBytes(bytes);
  const filled = totalBytes === 0 ? barCells : Math.min(barCells, Math.floor((bytes / totalBytes) * barCells));
  const bar = "█".repeat(filled) + "░".repeat(barCells - filled);
  return `${bar} ${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
}
