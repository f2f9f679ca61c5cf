import type { LabHost } from "./host.js";
import type { Lab } from "./lab.js";
import type { HostDocker } from "./options.js";

/** The contents of a lab.json file, as far as the lab writes it. */
export interface LabJson {
  readonly hosts: readonly LabJsonHost[];
  readonly links: readonly [];
}

export interface LabJsonHost {
  readonly ip: string;
  readonly element: string;
  readonly creds: readonly { readonly login: string; readonly password?: string }[];
  readonly labs: readonly string[];
  readonly user: string;
  readonly hop?: string;
  readonly docker_capable: boolean;
  readonly docker?: HostDocker;
  readonly ssh_options: {
    readonly port: number;
    readonly client_keys?: readonly string[];
    readonly known_hosts: string;
  };
}

/**
 * Describes a running lab as a lab.json: element and host id are the host's name.
 * @param labName the lab that all hosts belong to; default `lab`
 */
export function labJson(lab: Lab, labName = "lab"): LabJson {
  return { hosts: Object.values(lab.hosts).map((host) => describeHost(lab, host, labName)), links: [] };
}

function describeHost(lab: Lab, host: LabHost, labName: string): LabJsonHost {
  const { hop, docker, authentication = ["publickey"] } = host.options;
  const takesKeys = authentication.includes("publickey");
  return {
    ip: host.address,
    element: host.name,
    creds: [{ login: host.user, ...(host.password === undefined ? {} : { password: host.password }) }],
    labs: [labName],
    user: host.user,
    ...(hop === undefined ? {} : { hop }),
    docker_capable: host.options.dockerCapable ?? true,
    ...(docker === undefined ? {} : { docker }),
    ssh_options: {
      port: host.port,
      ...(takesKeys ? { client_keys: [host.privateKeyPath] } : {}),
      known_hosts: lab.knownHostsPath,
    },
  };
}
