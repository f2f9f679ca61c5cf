import { findWords, type TakesValue } from "./host-arguments.js";

/** `run NAME --help` asks for the instruction's help, not for that of `run`: what follows is left to the instruction. */
export function protectInstructionHelp(argv: readonly string[], takesValue: TakesValue): readonly string[] {
  const [run, name] = findWords(argv, 2, takesValue);
  if (run === undefined || argv[run] !== "run" || name === undefined) return argv;
  const help = argv.findIndex((word, index) => index > name && (word === "--help" || word === "-h" || word === "--"));
  return help === -1 || argv[help] === "--" ? argv : [...argv.slice(0, help), "--", ...argv.slice(help)];
}
