import { expect, test } from "vitest";
import { formatProgress } from "./progress-bar.js";

test.each([
  [{ bytes: 0, totalBytes: 2000 }, "░░░░░░░░░░░░░░░░░░░░ 0 B of 2.0 kB"],
  [{ bytes: 1000, totalBytes: 2000 }, "██████████░░░░░░░░░░ 1.0 kB of 2.0 kB"],
  [{ bytes: 0, totalBytes: 0 }, "████████████████████ 0 B of 0 B"],
  [{ bytes: 3000, totalBytes: 2000 }, "████████████████████ 3.0 kB of 2.0 kB"],
  [{ bytes: 3000 }, "3.0 kB"],
])("%j is shown as %s", (progress, shown) => {
  expect(formatProgress(progress)).toBe(shown);
});
