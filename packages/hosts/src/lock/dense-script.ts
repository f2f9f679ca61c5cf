/**
 * A shell script without comments and indentation, which a sixth of it is: Dropbear ends a connection that asks for a command of
 * 9000 bytes.
 */
export const denseScript = (script: string): string => script.replaceAll(/^[ \t]+/gm, "").replaceAll(/^#.*\n/gm, "");

/** Runs what of stdin is {@link sentScript}'s, with the words behind its size; the rest is the script's. */
const readScript = `bytes=$1
shift
script=$(dd bs="$bytes" count=1 iflag=fullblock 2>/dev/null)
case $script in *"# otto-end") eval "$script" ;; *) exit 1 ;; esac`;

/** What runs a script of any length, that comes by stdin: of one that has come in part nothing is run. */
export function sentScript(script: string, name: string, words: readonly string[]) {
  const stdin = `${script}\n# otto-end`;
  return { argv: ["sh", "-c", readScript, name, `${Buffer.byteLength(stdin)}`, ...words], stdin };
}
