import { z } from "zod";
import { name, names } from "../document/name.js";
import { slug } from "../document/slug.js";
import { isPersistTime, persistWords } from "./persist-time.js";

const text = z.string().min(1, "must not be empty");
const texts = z.array(text);
const seconds = z.number().nonnegative();
const whole = z.int().nonnegative();
const identity = name.refine((it) => slug(it) !== "", "must hold a letter or digit");
const oneOrMore = z.union([text.transform((it) => [it]), texts]);

const command = texts.min(1, "must name a program");

const credential = z.looseObject({ login: name, password: z.string().nullish(), password_command: command.nullish() });

const sshOptions = z.looseObject({
  port: z.int().min(1, "must be 1 to 65535").max(65_535, "must be 1 to 65535").nullish(),
  client_keys: oneOrMore.nullish(),
  agent: z.union([z.boolean(), text]).nullish(),
  password_env: name.nullish(),
  passphrase_env: name.nullish(),
  password_command: command.nullish(),
  passphrase_command: command.nullish(),
  known_hosts: oneOrMore.nullish(),
  host_key: z
    .string()
    .regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, "must be a fingerprint as ssh-keygen -l shows it: SHA256:…")
    .nullish(),
  connect_timeout: seconds.nullish(),
  keepalive_interval: seconds.nullish(),
  keepalive_count_max: z.int().min(2, "must be at least 2").nullish(),
  compress: z.boolean().nullish(),
  use_ssh_config: z.boolean().nullish(),
  proxy_command: text.nullish(),
  transport: z.enum(["auto", "ssh2", "openssh"]).nullish(),
  persist: z.union([z.literal(false), z.string().refine((it) => isPersistTime(it), persistWords)]).nullish(),
});

const docker = z.looseObject({
  socket: text.nullish(),
  command: command.nullish(),
  staging_root: text.nullish(),
});

const hostFields = z.looseObject({
  ip: name,
  element: identity,
  element_id: whole.nullish(),
  board: identity.nullish(),
  slot: whole.nullish(),
  name: name.nullish(),
  user: name.nullish(),
  creds: z.array(credential).optional(),
  labs: names,
  hop: name.nullish(),
  resources: names.nullish(),
  roles: names.nullish(),
  docker_capable: z.boolean().nullish(),
  ssh_options: sshOptions.nullish(),
  docker: docker.nullish(),
  os_type: z.string().nullish(),
});

const host = hostFields
  // A console without a login step has no creds; a machine that SSH reaches does.
  .refine((it) => it.creds !== undefined || (it.os_type ?? "unix") !== "unix", {
    path: ["creds"],
    error: "is required (a list)",
  })
  .refine((it) => it.hop === undefined || it.hop === null || !it.ssh_options?.proxy_command, {
    path: ["ssh_options", "proxy_command"],
    error: "does not go with hop: it would have to run on the hop",
  })
  .refine((it) => it.creds?.length !== 0 || (it.os_type ?? "unix") !== "unix", {
    path: ["creds"],
    error: "must hold at least one login",
  });

/** A lab file, as it is written. */
export const labSchema = z.looseObject({
  $schema: z.unknown().optional(),
  hosts: z.array(host),
  links: z.array(z.looseObject({})).default([]),
});

/** The keys of each table that mean something here. */
export const knownKeys = {
  file: Object.keys(labSchema.shape),
  host: Object.keys(hostFields.shape),
  ssh_options: Object.keys(sshOptions.shape),
  docker: Object.keys(docker.shape),
  creds: Object.keys(credential.shape),
} as const;

export type LabText = z.output<typeof labSchema>;
export type HostText = z.output<typeof host>;
