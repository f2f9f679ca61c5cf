import { hostname, userInfo } from "node:os";

/** Who runs this process, for others who wait for it: `ada@desk (process 4711)`. */
export function currentUser(): string {
  return `${userName()}@${hostname()} (process ${process.pid})`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // An id without a line in the user database.
    return "someone";
  }
}
