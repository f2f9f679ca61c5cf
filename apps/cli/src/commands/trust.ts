import { type RepoLab, readRepoLabs } from "@otto/config";
import { escapeControls, quoteCommand } from "@otto/errors";
import { readTrust, recordTrust, revokeTrust } from "@otto/host-registry";
import { exitCodes } from "../exit-code.js";
import type { Outcome } from "../outcome.js";
import type { Session } from "../session.js";

export interface TrustFlags {
  readonly revoke?: boolean;
}

type LabHost = RepoLab["hosts"][number];

/** `otto trust`: shows what the labs of the repos would have run here and sent where, and records that the user trusts them. */
export async function trust(session: Session, { revoke = false }: TrustFlags): Promise<Outcome> {
  const { invocation, options, reporter } = session;
  const labs = await readRepoLabs(await session.repos(), invocation);
  if (labs.length === 0) reporter.notice("info", "no lab file came with these repositories: nothing needs trust");
  for (const { origin, hosts, commands } of labs) {
    const { file } = origin;
    const run = commands.map((argv) => `runs ${quoteCommand(argv)} here and connects to the hosts that it prints`);
    const lines = [file, ...[...run, ...hosts.map(describeHost)].map((line) => `  ${line}`)];
    // A field with a line of its own would look like another host.
    const shown = lines.map((line) => escapeControls(line, { line: true })).join("\n");
    if (options.dryRun) {
      const step = revoke ? "revoke" : "trust";
      reporter.item(`would ${step} (now ${readTrust(origin, invocation)}) ${shown}`, { type: "step", do: step, file });
      continue;
    }
    await (revoke ? revokeTrust : recordTrust)(origin, invocation);
    const status = readTrust(origin, invocation);
    reporter.item(`${status}  ${shown}`, {
      ...{ type: "trust", file, status, hosts: hosts.map(describeHost) },
      commands: commands.map(quoteCommand),
    });
  }
  return { exitCode: exitCodes.done };
}

/** Whom it would reach, as whom, and with what. */
function describeHost(host: LabHost): string {
  const { id, ip, user, creds, hop, ssh } = host;
  const logins = [...new Set([...(user === undefined ? [] : [user]), ...creds.map(({ login }) => login)])];
  const through = hop === undefined ? "" : ` through ${hop}`;
  const command = ssh.proxyCommand === undefined ? "" : ` by running here: ${ssh.proxyCommand}`;
  return `${id}: ${logins.join(", ")} at ${ip}:${ssh.port}${through}${command}, with ${secretsOf(host).join(", ")}`;
}

function secretsOf({ ssh, creds }: LabHost): readonly string[] {
  const agent = ssh.agent === false ? [] : [typeof ssh.agent === "string" ? `the agent at ${ssh.agent}` : "your agent"];
  const keys = ssh.clientKeys.length > 0 ? [`the keys ${ssh.clientKeys.join(" ")}`] : ["your usual keys"];
  const variables = [ssh.passwordEnv, ssh.passphraseEnv].flatMap((name) => (name === undefined ? [] : [`$${name}`]));
  const commands = [ssh.passwordCommand, ssh.passphraseCommand, ...creds.map((it) => it.passwordCommand)];
  const printed = commands.flatMap((argv) => (argv === undefined ? [] : [`what ${quoteCommand(argv)} prints here`]));
  return [...agent, ...keys, ...variables, ...printed];
}
