import { quoteWord } from "@otto/errors";

/** Whether this is the docker client itself: what sudo and the like start is someone else's process, with variables of its own. */
export function isDirect(argv: readonly string[]): boolean {
  return argv[0] !== undefined && /(^|\/)docker(-compose)?$/.test(argv[0]);
}

/**
 * Shell text that runs `line`, a command that begins with `argv`, so that SIGTERM to it ends it. Nobody but root may signal
 * what sudo started, but it ends with its terminal: it gets one of its own where the parent has util-linux's `script`.
 */
export function endableLine(argv: readonly string[], line: string): string {
  return isDirect(argv) ? line : `sh -c ${quoteWord(inTerminal(line))}`;
}

function inTerminal(line: string): string {
  return `export SHELL=/bin/sh
if script --version 2>/dev/null | grep -q util-linux; then
  exec script -qec ${quoteWord(`${line} <&4 >&5 2>&6`)} /dev/null 4<&0 5>&1 6>&2 </dev/null >/dev/null 2>&1
fi
exec ${line}`;
}
