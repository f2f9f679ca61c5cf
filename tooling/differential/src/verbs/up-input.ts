// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Compose writes its variables like this.
import fc from "fast-check";

/** A stack, and one edit of it. */
export interface UpInput {
  readonly services: readonly Readonly<Record<string, unknown>>[];
  readonly edit: Edit;
}

export type Edit =
  | { readonly kind: "nothing" }
  /** Writes another text into one of {@link editedFiles}. */
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "remove"; readonly service: number }
  | { readonly kind: "set"; readonly service: number; readonly option: Readonly<Record<string, unknown>> };

/** The files beside every stack. */
export const files: Readonly<Record<string, string>> = {
  ".env": "LEVEL=1\nQUOTED='a b'\n",
  "api.env": "COLOUR=red\nFROM=${LEVEL}\nBARE\n",
  "one.txt": "one\n",
  "data/file.txt": "file\n",
  "data/deep/run.sh": "#!/bin/sh\n",
  "conf.txt": "conf\n",
  "key.txt": "key\n",
};

const option = fc.constantFrom<Record<string, unknown>[]>(
  { environment: { A: "1", LEVEL: "${LEVEL}", Q: "${QUOTED}", OUTER: null } },
  { environment: ["A=2", "OUTER", "UNSET", "D=$$x"] },
  { env_file: "api.env" },
  { labels: { a: "b", level: "${LEVEL:-none}" } },
  { volumes: ["named:/named"] },
  { volumes: ["./data:/data", "./one.txt:/one:ro"] },
  { volumes: ["/anonymous", { type: "tmpfs", target: "/scratch" }] },
  { volumes: [{ type: "bind", source: "./missing", target: "/missing", bind: { create_host_path: true } }] },
  { volumes: [{ type: "volume", source: "named", target: "/n", read_only: true, volume: { nocopy: true } }] },
  { configs: ["conf"] },
  { configs: [{ source: "inline", target: "/inline" }] },
  { secrets: ["key", { source: "variable", target: "elsewhere" }] },
  { networks: ["front"] },
  { networks: { front: { aliases: ["other"] }, default: null } },
  { network_mode: "none" },
  { restart: "unless-stopped" },
  { restart: "on-failure:3" },
  { scale: 2 },
  { deploy: { replicas: 2, resources: { limits: { memory: "64M" } } } },
  { healthcheck: { test: ["CMD", "true"], interval: "1s", start_period: "2s" } },
  { healthcheck: { disable: true } },
  { user: "1000:1000", working_dir: "/tmp" },
  { hostname: "named", domainname: "example.com" },
  { cap_add: ["NET_ADMIN"], cap_drop: ["MKNOD"] },
  { ulimits: { nofile: { soft: 100, hard: 200 } }, shm_size: "8m" },
  { tmpfs: ["/t1", "/t2:size=1m"] },
  { stop_signal: "SIGINT", stop_grace_period: "3s" },
  { mem_limit: "50m", cpus: 0.5, pids_limit: 50 },
  { read_only: true },
  { extra_hosts: ["somehost:10.0.0.1"] },
  { ports: ["127.0.0.1::8080"] },
  { expose: ["9000"] },
  { logging: { driver: "json-file", options: { "max-size": "1m" } } },
  { command: ["sh", "-c", "echo $$LEVEL ${LEVEL}; exec sleep infinity"] },
  { command: "sleep infinity" },
  { entrypoint: ["sleep"], command: ["infinity"] },
  { sysctls: { "net.ipv4.ip_unprivileged_port_start": "0" } },
  { tty: true, stdin_open: true },
  { dns: ["1.1.1.1"], dns_search: "example.com" },
  { init: false, stop_grace_period: "1s" },
  { profiles: ["other"] },
  { labels: ["x=y", "empty"], annotations: { note: "1" } },
  { ipc: "shareable" },
  { security_opt: ["no-new-privileges:true"] },
  { "x-note": "extension" },
);

const service = fc
  .array(option, { maxLength: 4 })
  .map((options) => Object.assign({}, ...options) as Record<string, unknown>);

export const upInputs: fc.Arbitrary<UpInput> = fc.record({
  services: fc.array(service, { minLength: 1, maxLength: 3 }),
  edit: fc.oneof(
    { weight: 1, arbitrary: fc.constant({ kind: "nothing" as const }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant("file" as const), path: fc.constantFrom(...Object.keys(files)) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), service: fc.nat(2) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("set" as const), service: fc.nat(2), option }) },
  ),
});

/** The compose file: each service comes after the one before it. */
export function composeFile(services: UpInput["services"], image: string): string {
  const declared = services.map((options, index) => {
    const after = index > 0 && services[index - 1]?.profiles === undefined ? { depends_on: [`s${index - 1}`] } : {};
    const fixed = { image, init: true, command: ["sleep", "infinity"], ...after };
    return [`s${index}`, { ...fixed, ...withoutClash(options), ...lasting(options) }] as const;
  });
  return JSON.stringify({
    services: Object.fromEntries(declared),
    networks: { front: { internal: true, labels: { net: "1" } } },
    volumes: { named: { labels: { vol: "${LEVEL}" } } },
    configs: { conf: { file: "conf.txt" }, inline: { content: "inline ${LEVEL}\n" } },
    secrets: { key: { file: "key.txt" }, variable: { environment: "OUTER" } },
  });
}

/** The entrypoint is `sleep`: with another command it ends at once, and whether Compose sees that is up to chance. */
function lasting({ entrypoint }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return entrypoint === undefined ? {} : { command: ["infinity"] };
}

/** Compose refuses these together. */
function withoutClash(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const clashing = [
    ...(options.network_mode === undefined
      ? []
      : ["networks", "ports", "extra_hosts", "sysctls", "dns", "dns_search", "hostname", "domainname"]),
    ...(options.deploy === undefined ? [] : ["scale", "mem_limit", "cpus", "pids_limit"]),
  ];
  return Object.fromEntries(Object.entries(options).filter(([key]) => !clashing.includes(key)));
}

export function editServices({ services, edit }: UpInput): UpInput["services"] {
  if (edit.kind === "remove" && services.length > 1)
    return services.filter((_, index) => index !== edit.service % services.length);
  if (edit.kind !== "set") return services;
  return services.map((options, index) =>
    index === edit.service % services.length ? { ...options, ...edit.option } : options,
  );
}
