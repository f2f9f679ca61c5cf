import { homedir } from "node:os";
import { findDefaultLab, type LoadLabOptions, LocalCommands, listOpenRoles, loadLab, loadRepos } from "@otto/config";
import { Lab, type LabOptions, requireCommandTrust } from "@otto/host-registry";

export interface OpenLabOptions
  extends Pick<
    LabOptions,
    "onActivity" | "onSshEvent" | "onPrompt" | "onHostKeyLearned" | "learnHostKeys" | "sendPasswords" | "trusted"
  > {
  /** Name of the lab, `a+b` merges two. Default: `OTTO_LAB`, else `[lab] default` of the settings, else `local`. */
  readonly lab?: string | undefined;
  /** Where to look for the nearest `.otto/` upwards, unless `OTTO_SUT_DIRS` lists repos. Default: the working directory. */
  readonly cwd?: string | undefined;
  /** Default: this process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Absolute path of the user's home. Default: this user's. */
  readonly home?: string | undefined;
  /** Ends the commands of lab sources. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the repos and the lab that the options or the environment name. Nothing is connected; dispose the lab to close
 * what its use opens.
 *
 * @throws OttoError with a code of `CONFIG_…` or `LAB_…` naming the file that is wrong
 */
export async function openLab(options: OpenLabOptions = {}): Promise<Lab> {
  const { cwd = process.cwd(), env = process.env, home = homedir(), signal, ...listeners } = options;
  const repos = await loadRepos({ cwd, env, home });
  const name = options.lab ?? (env.OTTO_LAB || findDefaultLab(repos)?.name);
  const commands = new LocalCommands();
  const requireTrust: LoadLabOptions["requireTrust"] = (origin, command) =>
    requireCommandTrust(origin, command, { env, home, trusted: options.trusted });
  const data = await loadLab({ repos, name, home, env, commands, requireTrust, signal });
  const lab = new Lab({ data, repos, env, home, commands, ...listeners });
  const open = repos.filter((repo) => listOpenRoles(repo, data).size > 0);
  if (open.length > 0) {
    // What stacks need is loaded where it is needed.
    const { recallHosts } = await import("./role-hosts.js");
    await Promise.all(open.map((repo) => recallHosts(repo, lab)));
  }
  return lab;
}
