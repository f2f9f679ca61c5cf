import { isAbsolute, join } from "node:path";
import type { Invocation } from "./invocation.js";

/** Where otto keeps what it can find out again: in the user's cache directory. */
export function cacheDirectory({ env, home }: Pick<Invocation, "env" | "home">): string {
  const base = env.XDG_CACHE_HOME;
  return join(base && isAbsolute(base) ? base : join(home, ".cache"), "otto");
}
