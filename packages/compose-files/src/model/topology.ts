import type { ComposeTopology, ServiceLinks, ServiceMount } from "../project.js";
import { at, entriesOf, itemsOf, type MapTree, mapAt, type Tree, textAt } from "../text/yaml-tree.js";

/** What the merged project's services are joined to. */
export function readTopology(project: MapTree): ComposeTopology {
  const services = entriesOf(mapAt(project, "services"));
  const declared = (section: string) =>
    entriesOf(mapAt(project, section)).map(([name, value]) => ({ name, external: isExternal(at(value, "external")) }));
  return {
    services: new Map(services.map(([name, service]) => [name, readLinks(service)])),
    networks: withDefault(declared("networks"), services),
    volumes: declared("volumes"),
  };
}

/** `external: true`, or the old `external: {name: …}`. */
function isExternal(value: Tree | undefined): boolean {
  return value?.kind === "map" || (value?.kind === "scalar" && value.text === "true");
}

/** Compose makes the network `default` where a service names none. */
function withDefault(declared: ComposeTopology["networks"], services: ReturnType<typeof entriesOf>) {
  const isUsed = services.some(([, service]) => networksOf(service).includes("default"));
  if (!isUsed || declared.some(({ name }) => name === "default")) return declared;
  return [...declared, { name: "default", external: false }];
}

function readLinks(service: Tree): ServiceLinks {
  return {
    networks: networksOf(service),
    networkMode: textAt(service, "network_mode"),
    ports: itemsOf(at(service, "ports")).map(formatPort),
    mounts: [...itemsOf(at(service, "volumes")).map(readMount), ...itemsOf(at(service, "tmpfs")).map(readTmpfs)],
    buildTarget: textAt(service, "build", "target"),
    buildArgs: Object.fromEntries(
      entriesOf(at(service, "build", "args")).map(([name]) => [name, textAt(service, "build", "args", name) ?? ""]),
    ),
    inlineDockerfile: textAt(service, "build", "dockerfile_inline"),
  };
}

function networksOf(service: Tree): readonly string[] {
  if (textAt(service, "network_mode") !== undefined) return [];
  const names = entriesOf(at(service, "networks")).map(([name]) => name);
  return names.length === 0 ? ["default"] : names;
}

/** The long syntax as the short one: `127.0.0.1:8080->80/tcp`. */
function formatPort(port: Tree): string {
  if (port.kind === "scalar") return formatShortPort(port.text);
  const published = textAt(port, "published");
  const target = `${textAt(port, "target") ?? ""}/${textAt(port, "protocol") ?? "tcp"}`;
  return joinPort(textAt(port, "host_ip"), published, target);
}

function formatShortPort(text: string): string {
  const [address = "", protocol = "tcp"] = text.split("/", 2);
  const [, ip, published, target = ""] = /^(?:(?:(.*):)?([^:]*):)?([^:]*)$/.exec(address) ?? [];
  return joinPort(ip, published, `${target}/${protocol}`);
}

function joinPort(ip: string | undefined, published: string | undefined, target: string): string {
  if (published === undefined && ip === undefined) return target;
  const from = published === undefined || published === "" ? "any" : published;
  return `${ip === undefined || ip === "" ? from : `${ip}:${from}`}->${target}`;
}

function readMount(volume: Tree): ServiceMount {
  if (volume.kind === "scalar") return readShortMount(volume.text);
  return {
    type: textAt(volume, "type") ?? "volume",
    source: textAt(volume, "source"),
    target: textAt(volume, "target") ?? "",
    readOnly: textAt(volume, "read_only") === "true",
  };
}

function readShortMount(text: string): ServiceMount {
  const [first = "", second, mode = ""] = text.split(":");
  if (second === undefined) return { type: "volume", source: undefined, target: first, readOnly: false };
  const type = /^[./~]/.test(first) ? "bind" : "volume";
  return { type, source: first, target: second, readOnly: mode.split(",").includes("ro") };
}

function readTmpfs(item: Tree): ServiceMount {
  const target = item.kind === "scalar" ? (item.text.split(":", 1)[0] ?? "") : "";
  return { type: "tmpfs", source: undefined, target, readOnly: false };
}
