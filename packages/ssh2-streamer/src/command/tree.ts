import type { Readable } from "node:stream";
import { cleanText, OttoError } from "@otto/errors";
import type { CommandResult, ExecOptions } from "./command.js";

export interface SendTreeOptions {
  readonly signal?: AbortSignal | undefined;
}

type Exec = (argv: readonly string[], options: ExecOptions) => Promise<CommandResult>;

// The machine's tar may be GNU's, BSD's or busybox's: only what all three know is used, but for GNU's small reads
// (10 KiB), which cost a third of the speed.
const script = `
mkdir -p -- "$1" && cd -- "$1" || exit
case $(tar --version 2>/dev/null) in
  *GNU*) exec tar -b 512 -xf - ;;
  *) exec tar -xf - ;;
esac
`;

/**
 * Unpacks a tar stream into a directory of a machine, which is made when it is missing.
 *
 * @throws OttoError `COMMAND_FAILED` with what tar said
 */
export async function sendTree(
  exec: Exec,
  { tar, remoteDir, name }: { readonly tar: Readable; readonly remoteDir: string; readonly name: string },
  { signal }: SendTreeOptions = {},
): Promise<void> {
  const result = await exec(["sh", "-c", script, "otto-tree", remoteDir], { stdin: tar, signal });
  if (result.exitCode === 0) return;
  const said = cleanText(result.stderr.toString()).trim();
  throw new OttoError(
    "COMMAND_FAILED",
    `unpacking into ${remoteDir} on ${name}: tar exited ${result.exitCode}: ${said}`,
    {
      hint: "Check that the login may write there, that there is space, and that tar is installed.",
      details: { exitCode: result.exitCode, remoteDir },
    },
  );
}
