import { hostname, userInfo } from "node:os";

/** Who runs this process, for others who wait for it: `ada@desk (process 4711)`. */
export function currentUser(): string {
  return `${userAndMachine()} (process ${process.pid})`;
}

/** Whose a stack is, whichever process brought it up: `ada@desk`. */
export function userAndMachine(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // An id without a line in the user database.
    return "someone";
  }
}
