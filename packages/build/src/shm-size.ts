import { OttoError } from "@otto/errors";

const units: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/**
 * A size as `docker build --shm-size` takes it: digits and one of `b k m g`, bytes without one.
 * @throws OttoError `BUILD_SHM_SIZE_INVALID`
 */
export function parseShmSize(text: string): number {
  const [, digits, unit = "b"] = /^(\d+)([bkmg])?b?$/i.exec(text.trim()) ?? [];
  if (digits !== undefined) return Number(digits) * (units[unit.toLowerCase()] ?? 1);
  throw new OttoError("BUILD_SHM_SIZE_INVALID", `reading shm_size: ${text} is not a size`, {
    hint: 'Write it like "128m".',
  });
}
