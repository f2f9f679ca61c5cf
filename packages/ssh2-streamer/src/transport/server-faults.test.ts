import { expect, test } from "vitest";
import { sessionLimitOf } from "./server-faults.js";

test.each([
  ["dropbear_2020.81", Number.POSITIVE_INFINITY],
  ["dropbear_2022.82", 1],
  ["dropbear_2022.83", 1],
  ["dropbear_2024.85", 1],
  ["dropbear_2024.86", Number.POSITIVE_INFINITY],
  ["dropbear_2025.88", Number.POSITIVE_INFINITY],
  ["dropbear", Number.POSITIVE_INFINITY],
  ["OpenSSH_9.2p1 Debian-2+deb12u5", Number.POSITIVE_INFINITY],
])("%s serves %d sessions at once", (version, limit) => {
  expect(sessionLimitOf(version)).toBe(limit);
});
