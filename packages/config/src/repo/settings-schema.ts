import { z } from "zod";
import { name, names } from "../document/name.js";

const text = z.string().min(1, "must not be empty");
const texts = z.array(text);

/**
 * A string, number or boolean of a settings file, as the string that Docker gets: `8080`, `1.0`, `true`. Parsers give
 * whole numbers as `bigint`, so a `number` was written with a point or an exponent.
 */
const scalar = z.union([z.string(), z.bigint(), z.number(), z.boolean()]).transform(formatScalar);
const scalars = z.record(z.string(), scalar);

const command = texts.min(1, "must name a program");

const secret = z
  .strictObject({ id: name, env: name.optional(), file: text.optional(), command: command.optional() })
  .refine(
    ({ env, file, command: argv }) => [env, file, argv].filter((origin) => origin !== undefined).length < 2,
    "must have one of env, file and command",
  );

const stackSecret = z.strictObject({ id: name, command });

const image = z.strictObject({
  name,
  dockerfile: text,
  context: text,
  build_args: scalars.default({}),
  target: name.optional(),
  platform: name.optional(),
  labels: scalars.default({}),
  cache_from: texts.default([]),
  network: text.optional(),
  add_hosts: texts.default([]),
  shm_size: scalar.optional(),
  additional_contexts: z.record(z.string(), text).default({}),
  secrets: z.array(secret).default([]),
  ssh: texts.default([]),
  push: z.boolean().optional(),
  mtime: z.enum(["content", "preserve"]).optional(),
});

const bindMount = z.strictObject({ path: text, ignore: texts.min(1, "must have a pattern") });

const compose = z
  .strictObject({
    path: text,
    name: name.optional(),
    default_host: name.optional(),
    role: name.optional(),
    spread: z.boolean().optional(),
    engine: z.enum(["compose", "swarm"]).optional(),
    environment: scalars.optional(),
    services: names.optional(),
    profiles: names.default([]),
    allow_outside: z.boolean().optional(),
    bind_mounts: z.array(bindMount).default([]),
    secrets: z.array(stackSecret).default([]),
  })
  .refine((it) => it.role === undefined || it.default_host === undefined, "must have role or default_host, not both")
  .refine((it) => it.spread === undefined || it.role !== undefined, { path: ["spread"], error: "needs a role" })
  .refine((it) => it.spread !== true || it.engine !== "swarm", {
    path: ["spread"],
    error:
      'must not be set with engine = "swarm": one manager deploys the stack, and the swarm spreads its tasks by deploy.mode and deploy.placement',
  });

const sourceKeys = { json: "paths", command: "command" } as const;

const source = z
  .strictObject({
    backend: z.enum(["json", "command"]),
    name: name.optional(),
    paths: texts.min(1, "must name a file or directory").optional(),
    command: command.optional(),
  })
  .superRefine((it, context) => {
    for (const [backend, key] of Object.entries(sourceKeys)) {
      if ((it.backend === backend) === (it[key] !== undefined)) continue;
      const message = it.backend === backend ? "is required (a list)" : `is for the backend ${backend}`;
      context.addIssue({ code: "custom", path: [key], message });
    }
  });

// Tables of the Python system that one file may hold for both.
const foreign = {
  coverage: z.unknown().optional(),
  creds: z.unknown().optional(),
  dependencies: z.unknown().optional(),
  dev_tools: z.unknown().optional(),
  host_preferences: z.unknown().optional(),
  init: z.unknown().optional(),
  inventory: z.unknown().optional(),
  libs: z.unknown().optional(),
  logging: z.unknown().optional(),
  monitor: z.unknown().optional(),
  os_profiles: z.unknown().optional(),
  products: z.unknown().optional(),
  project: z.unknown().optional(),
  reservations: z.unknown().optional(),
  tests: z.unknown().optional(),
};

/** Top-level keys that are accepted and mean nothing here. */
export const foreignKeys: readonly string[] = Object.keys(foreign);

const docker = z.strictObject({
  registry_url: z.string().optional(),
  registry_optional: z.boolean().optional(),
  project: name.optional(),
  images: z.array(image).default([]),
  composes: z.array(compose).default([]),
});

/** The settings file, as it is written. */
export const settingsSchema = z.strictObject({
  $schema: z.unknown().optional(),
  name,
  version: name,
  instructions: texts.default([]),
  lab: z.strictObject({ default: name.optional(), sources: z.array(source).default([]) }).optional(),
  docker: docker.optional(),
  ...foreign,
});

export type SettingsText = z.output<typeof settingsSchema>;
export type ImageText = z.output<typeof image>;
export type ComposeText = z.output<typeof compose>;

function formatScalar(value: string | bigint | number | boolean): string {
  return typeof value === "number" && Number.isInteger(value) ? value.toFixed(1) : String(value);
}
