import { forgetLastStat } from "@otto/errors";

/** ssh2 is slow to load: that waits for its first use. */
export async function loadSsh2(): Promise<typeof import("ssh2")> {
  forgetLastStat();
  const { default: ssh2 } = await import("ssh2");
  return ssh2;
}
