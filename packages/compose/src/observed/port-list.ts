import type { ContainerSummary } from "@otto/engine";

type Port = ContainerSummary["Ports"][number];

/** Ports that follow one another, published under their own numbers on one address, or not at all. */
interface PortRange {
  readonly address: string;
  readonly protocol: string;
  readonly first: number;
  last: number;
}

/** A container's ports as `docker ps` shows them: `127.0.0.1:80-82->80-82/tcp, 9000/udp`. */
export function formatPorts(ports: readonly Port[]): string {
  const ended: string[] = [];
  const open = new Map<string, PortRange>();
  const moved: string[] = [];
  for (const port of ports.toSorted(comparePorts)) {
    const { PrivatePort: number, PublicPort: published, Type: protocol } = port;
    const address = port.IP ?? "";
    if (address !== "" && published !== number) {
      moved.push(`${joinPort(address, `${published}`)}->${number}/${protocol}`);
      continue;
    }
    const key = `${address}/${protocol}`;
    const range = open.get(key);
    if (range?.last === number - 1) {
      range.last = number;
      continue;
    }
    if (range !== undefined) ended.push(formatRange(range));
    open.set(key, { address, protocol, first: number, last: number });
  }
  return [...ended, ...[...open.values()].map(formatRange), ...moved].join(", ");
}

function formatRange({ address, protocol, first, last }: PortRange): string {
  const numbers = first === last ? `${first}` : `${first}-${last}`;
  return `${address === "" ? "" : `${joinPort(address, numbers)}->`}${numbers}/${protocol}`;
}

function joinPort(address: string, port: string): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

function comparePorts(a: Port, b: Port): number {
  return (
    a.PrivatePort - b.PrivatePort ||
    compareTexts(a.IP ?? "", b.IP ?? "") ||
    (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
    compareTexts(a.Type, b.Type)
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
