import { type HostData, slug, sshDefaults } from "@otto/config";
import { amendError, OttoError } from "@otto/errors";
import type { SshClientConfig } from "./ssh-client-config.js";

/**
 * The docker-capable host that a name alone describes: `ssh://[user@]host[:port]`, or an alias of the user's SSH configuration,
 * which fills in the rest. Nothing is run or connected to.
 * @returns undefined for a name that is neither
 * @throws OttoError `LAB_UNKNOWN_HOST` for a URL of another form, `LAB_SSH_CONFIG_UNREADABLE`, `SSH_CONFIG_INVALID`
 */
export function describeMachine(name: string, config: SshClientConfig): HostData | undefined {
  if (/^ssh:\/\//i.test(name)) return describeUrl(name);
  if (/^[^\s@:/]+$/.test(name) && config.knows(name)) return toMachine(name, name);
  return undefined;
}

/** Adds to the error about an unknown host which other names `--on` and `otto host` accept. */
export function explainUnknown(error: OttoError, config: SshClientConfig): OttoError {
  const { hint, details } = error;
  const aliases = readAliases(config);
  const known = aliases.length === 0 ? "" : ` Aliases of your SSH configuration: ${aliases.join(", ")}.`;
  return amendError(error, {
    hint: `${hint ?? ""}${known} A machine without a lab: ssh://[user@]host[:port].`.trim(),
    ...(details && { details: { ...details, aliases: [...aliases] } }),
  });
}

const longestList = 20;

/** A configuration that cannot be read must not hide that the name is unknown. */
function readAliases(config: SshClientConfig): readonly string[] {
  try {
    const aliases = config.aliases();
    return aliases.length > longestList ? [...aliases.slice(0, longestList), "…"] : aliases;
  } catch {
    return [];
  }
}

function describeUrl(url: string): HostData {
  const [, user, bracketed, bare, port] =
    /^ssh:\/\/(?:([^@:/\s]+)@)?(?:\[([0-9a-f:.%]+)\]|([^@:/[\]\s]+))(?::(\d{1,5}))?\/?$/i.exec(url) ?? [];
  const host = bracketed ?? bare;
  const login = decodeLogin(user);
  if (host === undefined || login === "" || Number(port ?? 22) < 1 || Number(port ?? 22) > 65_535) {
    // A password may stand in it.
    const shown = url.replace(/\/\/.*@/s, "//…@");
    throw new OttoError("LAB_UNKNOWN_HOST", `looking for the host ${shown}: it is not ssh://[user@]host[:port]`, {
      hint: "Passwords and paths have no place in it; a password comes from a lab, or is asked for.",
      details: { host: shown },
    });
  }
  const machine = toMachine(url.slice("ssh://".length), host);
  return {
    ...machine,
    ...(login === undefined ? {} : { user: login }),
    ssh: { ...machine.ssh, ...(port === undefined ? {} : { port: Number(port), isPortGiven: true }) },
  };
}

/** @returns empty for what is no part of a URL */
function decodeLogin(user: string | undefined): string | undefined {
  try {
    return user === undefined ? undefined : decodeURIComponent(user);
  } catch {
    return "";
  }
}

function toMachine(name: string, ip: string): HostData {
  const id = slug(name) || "ssh";
  return {
    id,
    handle: id,
    element: id,
    ip,
    creds: [],
    labs: [],
    resources: [],
    roles: [],
    dockerCapable: true,
    ssh: { ...sshDefaults, useSshConfig: true },
    docker: { command: ["docker"] },
    isLocal: false,
  };
}

/** A machine whose id another host has already, or is the alias of another, gets another one. */
export function withOwnId(machine: HostData, hosts: readonly HostData[], config: SshClientConfig): HostData {
  const aliases = config.aliases();
  const isTaken = (id: string) =>
    hosts.some((host) => host.id === id || host.handle === id) || (machine.ip !== id && aliases.includes(id));
  let { id } = machine;
  while (isTaken(id)) id = `ssh-${id}`;
  return { ...machine, id, handle: id, element: id };
}
