import { nearestWord } from "@otto/errors";
import type { SourceDocument } from "../document/source-document.js";
import { formatPlace } from "../document/validation.js";
import { knownKeys, type LabText } from "./lab-schema.js";

/** What is said of the keys of a lab file that mean nothing here. */
export interface KeyReport {
  /** Keys of the Python system, which one file may hold for both. */
  readonly notes: readonly string[];
  /** Unknown keys, each once, with the nearest known key. */
  readonly warnings: readonly string[];
}

// Fields of the Python system's hosts, and its options of ssh and creds.
const foreign: Readonly<Record<Table, readonly string[]>> = {
  file: ["version", "name", "description"],
  host: [
    ...[
      "os_type",
      "os_name",
      "os_version",
      "os_profile",
      "hw_version",
      "sw_version",
      "is_virtual",
      "has_bash",
      "products",
    ],
    ...["valid_terms", "valid_transfers", "valid_impairers", "term", "transfer", "impairer", "default_dest_dir", "log"],
    ...["max_filename_len", "interfaces", "log_stdout", "telnet_options", "sftp_options", "scp_options", "ftp_options"],
    ...["nc_options", "tftp_options", "userland_options", "snmp", "toolchain", "command_frame", "power_control"],
    ...["filesystem", "loader", "inventory", "docker_priority"],
  ],
  ssh_options: [
    ...["client_host_keys", "agent_forwarding", "preferred_auth", "encryption_algs", "server_host_key_algs"],
    ...["compression_algs", "local_forwards", "remote_forwards", "socks_forwards", "extra"],
  ],
  docker: [],
  creds: ["proxy", "via", "params"],
};

type Table = "file" | "host" | "ssh_options" | "docker" | "creds";

interface Found {
  readonly table: Table;
  readonly path: readonly (string | number)[];
  readonly key: string;
}

/** Looks at the keys of a lab file that validation let pass. Pure. */
export function reportKeys(lab: LabText, document: SourceDocument): KeyReport {
  const found = keysOf(lab).filter(({ table, key }) => !knownKeys[table].includes(key) && !key.startsWith("_"));
  const isForeign = ({ table, key }: Found) => foreign[table].includes(key);
  const notes = found.filter((it) => isForeign(it) && (it.table === "ssh_options" || it.table === "docker"));
  const unknown = found.filter((it) => !isForeign(it));
  const firsts = unknown.filter((it, index) => unknown.findIndex((other) => isSame(it, other)) === index);
  return {
    notes: notes.map(({ path }) => `${formatPlace(document, path)} has no meaning here and is ignored`),
    warnings: firsts.map((it) => describeUnknown(it, unknown.filter((other) => isSame(it, other)).length, document)),
  };
}

function isSame(a: Found, b: Found): boolean {
  return a.table === b.table && a.key === b.key;
}

function describeUnknown({ table, key, path }: Found, count: number, document: SourceDocument): string {
  const near = nearestWord(key, knownKeys[table]);
  const advice = near === undefined ? `known keys: ${knownKeys[table].join(", ")}` : `did you mean "${near}"?`;
  const more = count > 1 ? ` (and ${count - 1} more)` : "";
  return `${formatPlace(document, path)}: unknown key, ignored${more}; ${advice}`;
}

function keysOf(lab: LabText): Found[] {
  const { hosts } = lab;
  return [
    ...keysIn("file", [], lab),
    ...hosts.flatMap((host, index) => [
      ...keysIn("host", ["hosts", index], host),
      ...keysIn("ssh_options", ["hosts", index, "ssh_options"], host.ssh_options),
      ...keysIn("docker", ["hosts", index, "docker"], host.docker),
      ...(host.creds ?? []).flatMap((it, at) => keysIn("creds", ["hosts", index, "creds", at], it)),
    ]),
  ];
}

function keysIn(table: Table, path: Found["path"], value: object | null | undefined): Found[] {
  return Object.keys(value ?? {}).map((key) => ({ table, path: [...path, key], key }));
}
