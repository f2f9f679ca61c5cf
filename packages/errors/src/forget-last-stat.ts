import { statSync } from "node:fs";

/**
 * Is called right before an `import()` of a package that has dependencies. Node 20 and 22 take what the last `lstatSync` of the process
 * saw for a part of a module's path: after a FIFO or a socket they do not follow the links of pnpm's layout, and the package does not
 * find its dependencies.
 * @see https://github.com/nodejs/node/issues/51142
 */
export function forgetLastStat(): void {
  statSync("/");
}
