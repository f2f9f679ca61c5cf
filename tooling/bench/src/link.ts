import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Lab, type LabHost, startLab } from "@otto/lab";

/** Between this machine and the parent. */
export const linkNames = ["direct", "direct-50", "bastion", "bastion-50"] as const;
export type LinkName = (typeof linkNames)[number];

export const linkTitles: Readonly<Record<LinkName, string>> = {
  direct: "direct",
  "direct-50": "direct, 50 ms",
  bastion: "bastion",
  "bastion-50": "bastion, 50 ms",
};

/** Each direction is half of the round trip late. */
const halfTripMs = 25;

/** One machine on the way to a parent. */
export interface Machine {
  readonly name: string;
  readonly port: number;
}

/** A way to the parent of a link. */
export interface Route {
  readonly link: LinkName;
  /** The parent's name: its host id, and its alias for ssh. */
  readonly name: string;
  /** From the first hop to the parent. */
  readonly machines: readonly Machine[];
  /** The host whose proxy carries what goes over the link. */
  readonly entry: LabHost;
  /** All whose handshakes count. */
  readonly hosts: readonly LabHost[];
  readonly login: Login;
  /** False: it goes past the proxy. */
  readonly isCounted: boolean;
}

/** How to get into every machine of the bench. */
export interface Login {
  readonly address: string;
  readonly user: string;
  readonly privateKeyPath: string;
  readonly knownHostsPath: string;
}

export interface Links extends AsyncDisposable {
  readonly routes: ReadonlyMap<LinkName, readonly Route[]>;
}

/** Starts the hosts of the links. The first route of a link is counted; a second one goes past the proxy. */
export async function startLinks(names: readonly LinkName[]): Promise<Links> {
  const lab: Lab = await startLab({ hosts: Object.assign({}, ...names.map(hostsOf)) });
  const login = await layLogin(lab);
  const routes = names.map((name): [LinkName, readonly Route[]] => [name, routesOf(lab, login, name)]);
  return { routes: new Map(routes), [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
}

function hostsOf(link: LinkName) {
  const proxy = { delayMs: isFar(link) ? halfTripMs : 0 };
  if (!hasBastion(link)) return { [link]: { proxy } };
  return { [link]: { proxy, dockerCapable: false }, [`behind-${link}`]: { hop: link } };
}

function routesOf(lab: Lab, login: Login, link: LinkName): readonly Route[] {
  const entry = find(lab, link);
  const parent = hasBastion(link) ? find(lab, `behind-${link}`) : entry;
  const hosts = [...new Set([entry, parent])];
  const route = (suffix: string, isCounted: boolean): Route => ({
    link,
    name: `${parent.name}${suffix}`,
    machines: hosts.map((host) => ({
      name: `${host.name}${suffix}`,
      port: isCounted || host !== entry ? host.port : host.sshdPort,
    })),
    entry,
    hosts,
    login,
    isCounted,
  });
  return isFar(link) ? [route("", true)] : [route("", true), route("-plain", false)];
}

/** The lab's known_hosts knows the ports of the proxies alone. */
async function layLogin(lab: Lab): Promise<Login> {
  const [first] = Object.values(lab.hosts);
  if (first === undefined) throw new Error("bench: no link was chosen");
  const knownHostsPath = join(lab.directory, "known_hosts_bench");
  await writeFile(knownHostsPath, "");
  for (const { address, port, sshdPort, hostKeys } of Object.values(lab.hosts)) {
    for (const key of hostKeys) {
      const lines = [...new Set([port, sshdPort])].map((each) => `[${address}]:${each} ${key.publicKey}\n`);
      await appendFile(knownHostsPath, lines.join(""));
    }
  }
  return { address: first.address, user: first.user, privateKeyPath: lab.privateKeyPath, knownHostsPath };
}

export function isFar(link: LinkName): boolean {
  return link.endsWith("-50");
}

function hasBastion(link: LinkName): boolean {
  return link.startsWith("bastion");
}

function find(lab: Lab, name: string): LabHost {
  const host = lab.hosts[name];
  if (host === undefined) throw new Error(`bench: no host ${name}`);
  return host;
}
