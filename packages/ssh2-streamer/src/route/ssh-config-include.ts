import { OttoError } from "@otto/errors";
import SshConfig, { LineType } from "ssh-config";

/** The texts of the files that one pattern of an `Include` names, in order. */
export type ReadInclude = (pattern: string) => readonly string[];

// As OpenSSH.
const maxDepth = 16;

/**
 * Parses a configuration with the included ones in their places.
 *
 * @throws OttoError `SSH_CONFIG_INVALID`
 */
export function parseSshConfig(text: string, readInclude: ReadInclude, depth = 0): SshConfig {
  if (depth > maxDepth) throw invalid(`Include goes deeper than ${maxDepth} files`);
  const config = SshConfig.parse(text);
  for (const line of config) {
    if ("config" in line) line.config = inlineIncludes(line.config, readInclude, { depth, inSection: true });
  }
  return inlineIncludes(config, readInclude, { depth, inSection: false });
}

function inlineIncludes(
  config: SshConfig,
  readInclude: ReadInclude,
  { depth, inSection }: { depth: number; inSection: boolean },
): SshConfig {
  const inlined = new SshConfig();
  for (const line of config) {
    if (line.type !== LineType.DIRECTIVE || line.param.toLowerCase() !== "include") {
      inlined.push(line);
      continue;
    }
    const patterns = typeof line.value === "string" ? [line.value] : line.value.map(({ val }) => val);
    const texts = patterns.flatMap((pattern) => readInclude(pattern));
    const included = texts.flatMap((text) => [...parseSshConfig(text, readInclude, depth + 1)]);
    // Its hosts would have to match both.
    if (inSection && included.some((each) => "config" in each))
      throw invalid("a file that is included below Host or Match has a Host or Match of its own");
    inlined.push(...included);
  }
  return inlined;
}

function invalid(what: string): OttoError {
  return new OttoError("SSH_CONFIG_INVALID", `reading the SSH configuration: ${what}`, {
    hint: "Move the Include to the top of the configuration, or give the connection's details without it.",
  });
}
