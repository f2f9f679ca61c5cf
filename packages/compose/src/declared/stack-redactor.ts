import { createRedactor, type Redactor, readBoundedFile, Secret } from "@otto/errors";
import type { Stack } from "./stack.js";

/** Reads what it is to take out when it is first asked for. */
export type StackRedactor = () => Promise<Redactor>;

// The limit of Docker's own secrets is 500 kB.
const largestBytes = 512 * 1024;

/** Takes what a stack's `secrets` hold, by files of up to 512 KiB and by variables, out of what is told of it. */
export function createStackRedactor({ files }: Pick<Stack, "files">): StackRedactor {
  let reading: Promise<Redactor> | undefined;
  const read = async () => {
    const paths = files.resources.filter(({ kind }) => kind === "secret").map(({ localPath }) => localPath);
    const secrets = await Promise.all([...new Set(paths)].map(readSecret));
    return createRedactor([...files.secretValues, ...secrets.flat()]);
  };
  return () => {
    reading ??= read();
    return reading;
  };
}

/** Nothing for a file that is too large or cannot be read: the latter was not sent either. */
async function readSecret(path: string): Promise<Secret[]> {
  try {
    return [new Secret(await readBoundedFile(path, largestBytes))];
  } catch {
    return [];
  }
}
