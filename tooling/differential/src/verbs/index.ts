import type { Verb } from "../verb.js";
import { buildVerb } from "./build.js";
import { cpVerb } from "./cp.js";
import { dotenvVerb } from "./dotenv.js";
import { execVerb } from "./exec.js";
import { ignoreVerb } from "./ignore.js";
import { knownHostsVerb } from "./known-hosts.js";
import { logsVerb } from "./logs.js";
import { psVerb } from "./ps.js";
import { sshConfigVerb } from "./ssh-config.js";
import { templateVerb } from "./template.js";
import { upVerb } from "./up.js";

/** All that can be compared. */
export const verbs: readonly Verb[] = [
  buildVerb,
  cpVerb,
  dotenvVerb,
  execVerb,
  ignoreVerb,
  knownHostsVerb,
  logsVerb,
  psVerb,
  sshConfigVerb,
  templateVerb,
  upVerb,
];
