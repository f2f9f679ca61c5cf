import { containerStates } from "@otto/docker";

/** A JSON Schema of the draft 2020-12. */
export interface OutputSchema {
  readonly [keyword: string]: unknown;
}

type Fields = Readonly<Record<string, OutputSchema>>;

const text = { type: "string" };
const count = { type: "integer", minimum: 0 };
const flag = { type: "boolean" };
const time = { type: "string", pattern: "^[0-9-]{10}T[0-9:.]{12}Z$" };
const texts = { type: "array", items: text };
const object = { type: "object" };
const oneOf = (...values: readonly string[]): OutputSchema => ({ enum: values });
const image = { image: text };
const failure = { type: "object", properties: { repo: text, parent: text, code: text }, required: ["code"] };
const holder = { who: text, since: text, "uid?": count, "pid?": count };
const transfer = { image: text, tag: text, action: oneOf("pull", "push") };

/** Those that say when they happened, beside all whose names have a dot. */
const timed: ReadonlySet<string> = new Set(["suite", "summary", "notice", "error", "result"]);
/** Those that may say what they are about, beside all whose names have a dot. */
const placed: ReadonlySet<string> = new Set(["notice", "error"]);
const servicePhases = [
  ...["pulling", "pulled", "building", "built", "waiting", "creating", "created", "starting", "running", "healthy"],
  ...["unhealthy", "restarting", "exited", "paused", "stopping", "stopped", "removing", "removed", "failed"],
];

/**
 * The lines of `--json` by their `type`: what always stands in them, and with `?` what may; a list
 * where there are several kinds. `step` says what a dry run
 * would do: its fields depend on `do`.
 */
const records: Readonly<Record<string, Fields | readonly Fields[]>> = {
  image: {
    ...{ repo: text, parent: text, image: text, status: oneOf("success", "skipped", "failed"), message: text },
    ...{ "source?": oneOf("present", "pulled", "built"), "pushed?": flag, "tag?": text, "durationMs?": count },
    ...{ "hash?": { type: "string", pattern: "^[0-9a-f]{64}$" }, "code?": text },
  },
  host: [
    { kind: oneOf("host"), id: text, handle: text, address: text, "hop?": text, dockerCapable: flag, roles: texts },
    {
      ...{
        kind: oneOf("container"),
        id: text,
        service: text,
        project: text,
        state: oneOf("placeholder", ...containerStates),
        "exitCode?": count,
      },
      ...{ "repo?": text, "parent?": text },
    },
  ],
  container: {
    ...{ parent: text, ID: text, Names: text, Image: text, Command: text, CreatedAt: text, State: text, Status: text },
    ...{ Ports: text, Labels: text, Networks: text, Mounts: text },
  },
  "container-image": { repo: text, parent: text, id: text, container: text, repository: text, tag: text, bytes: count },
  stats: {
    ...{ repo: text, parent: text, ID: text, Name: text, "Container?": text, CPUPerc: text, MemUsage: text },
    ...{ MemPerc: text, NetIO: text, BlockIO: text, PIDs: text },
  },
  ended: { repo: text, parent: text, name: text, service: text, exitCode: count },
  text: { repo: text, parent: text, text },
  service: {
    ...{ repo: text, parent: text, project: text, owner: text, "host?": text, service: text, replica: count },
    ...{ enabled: flag, state: oneOf(...containerStates), "exitCode?": count },
    ...{
      "container?": text,
      "name?": text,
      "image?": text,
      "created?": text,
      "ports?": { type: "array", items: object },
    },
  },
  stack: {
    ...{ repo: text, parent: text, status: oneOf("success", "skipped", "failed"), message: text },
    "kept?": { type: "object", properties: { host: text, directory: text, files: count } },
  },
  step: {
    do: oneOf(
      ...[
        "build",
        "pull",
        "skip",
        "fail",
        "create",
        "rename",
        "unpause",
        "recreate",
        "start",
        "restart",
        "leave",
        "remove",
        "keep",
        "stop",
        "kill",
        "pause",
        "close",
        "ignore",
      ],
      ...[
        "exec",
        "run",
        "login",
        "test",
        "write",
        "put",
        "get",
        "forward",
        "trust",
        "revoke",
        "reserve",
        "release",
        "extend",
      ],
    ),
    ...{ "repo?": text, "parent?": text, "host?": text, "image?": text, "tag?": text, "push?": flag, "cause?": text },
    ...{
      "service?": text,
      "network?": text,
      "after?": texts,
      "kind?": text,
      "name?": text,
      "command?": texts,
      "instruction?": text,
    },
    ...{ "file?": text, "options?": object, "directory?": text, "path?": text, "content?": text },
    ...{ "source?": text, "target?": text, "local?": count, "remote?": count, "files?": count },
    ...{ "mount?": text, "patterns?": texts, "bytes?": count },
  },
  copy: { do: oneOf("put", "get"), host: text, source: text, target: text },
  graph: { repo: text, parent: text, format: oneOf("mermaid", "svg", "html", "json"), graph: object, text },
  trace: {
    ...{ name: text, durationMs: { type: "number" }, facts: object, format: oneOf("svg", "html"), text },
    path: { type: "array", items: { type: "object", properties: { name: text, durationMs: { type: "number" } } } },
  },
  skipped: { repo: text, message: text },
  lab: { name: text, hosts: texts, files: texts, inUse: flag, "chosenBy?": text },
  connection: {
    ...{ host: text, hops: texts, user: text, address: text, pid: count },
    ...{ state: oneOf("logging in", "open", "silent", "closed"), ageMs: count, idleMs: count, persistMs: count },
    users: { type: "array", items: count },
  },
  reservation: {
    ...{ host: text, "owner?": text, "uid?": count, "since?": time, "until?": time },
    status: oneOf("waiting", "held", "extended", "released", "free"),
  },
  check: {
    ...{ host: text, machine: text, check: text, status: oneOf("ok", "warning", "failed", "not-reached"), text },
    ...{ "code?": text, "hint?": text },
  },
  trust: { file: text, status: oneOf("trusted", "untrusted", "changed"), hosts: texts, commands: texts },
  instruction: { name: text, repo: text, file: text, description: text, options: object },
  log: [
    { "time?": time, level: oneOf("debug", "info", "warn", "error"), instruction: text, text },
    {
      ...{ stream: oneOf("stdout", "stderr"), timestamp: text, encoding: oneOf("utf8", "base64"), line: text },
      ...{ "repo?": text, "parent?": text, "service?": text, "replica?": count, "host?": text },
    },
  ],
  forward: { host: text, address: text, port: count, remote: count },
  suite: { repo: text, exitCode: count },
  help: { text },
  file: { path: text, status: oneOf("created", "changed", "skipped") },
  script: { shell: oneOf("bash", "zsh", "fish"), content: text },
  candidate: { value: text, description: text },
  schema: { subject: oneOf("settings", "lab", "output"), content: object },
  "build.waiting": { ...image, ...holder },
  "build.started": { ...image, tag: text, cause: text },
  "build.step": {
    ...{ ...image, step: text, state: oneOf("started", "cached", "done", "failed") },
    ...{ "startedAt?": { type: "number" }, "completedAt?": { type: "number" } },
  },
  "build.output": { ...image, text },
  "build.sent": { ...image, bytes: count, totalBytes: count },
  "build.warning": { ...image, code: text, message: text },
  "registry.started": transfer,
  "registry.layer": { ...transfer, layer: text, state: oneOf("existing", "transferred") },
  "registry.retrying": { ...transfer, layer: text, afterSeconds: count },
  "registry.bytes": { ...transfer, bytes: count, totalBytes: count },
  "registry.done": { ...transfer, "digest?": text, transferred: count, existing: count },
  "compose.waiting": { project: text, ...holder },
  "compose.sending": { project: text, bytes: count, totalBytes: count },
  "compose.staged": { project: text, files: count, bytes: count },
  "compose.ready": {
    ...{ project: text, services: count, isChanged: flag },
    ports: {
      ...{ type: "array", items: { type: "object", properties: { service: text, replica: count, port: count } } },
    },
  },
  "compose.planned": { project: text, steps: { type: "array", items: object } },
  "compose.service": {
    ...{ project: text, service: text, "replica?": count, "container?": text, state: oneOf(...servicePhases) },
    ...{ "waitsFor?": texts, "exitCode?": count, "afterMs?": count, "detail?": text },
  },
  "compose.build": { project: text, service: text, step: text, state: oneOf("started", "cached", "done", "failed") },
  "compose.build-output": { project: text, service: text, text },
  "compose.pull": {
    ...{ project: text, services: texts, state: oneOf("downloading", "extracting"), bytes: count, totalBytes: count },
  },
  "compose.resource": {
    ...{ project: text, resource: oneOf("network", "volume"), name: text },
    state: oneOf("creating", "created", "removing", "removed", "kept", "failed"),
  },
  "compose.output": { project: text, text },
  "compose.started": { project: text, output: text },
  "compose.used": { project: text, parent: text, host: text, state: oneOf(...containerStates), "exitCode?": count },
  "compose.warning": { project: text, message: text },
  summary: {
    ...{ command: text, repo: text, parent: text, via: texts, text, isChanged: flag, durationMs: count },
    ...{ built: count, cached: count, pulled: count, sentBytes: count, urls: texts },
  },
  notice: { level: oneOf("debug", "info", "warn"), text },
  error: { code: text, message: text, "hint?": text, "details?": object },
  result: {
    ...{ status: oneOf("success", "failed"), exitCode: count },
    ...{ "stdout?": text, "stderr?": text, "encoding?": oneOf("utf8", "base64"), "timedOut?": flag },
    ...{ "ok?": count, "warning?": count, "failed?": count, "notReached?": count, "instruction?": text, "repo?": text },
    ...{ "entries?": count, "bytes?": count, "failures?": { type: "array", items: failure } },
  },
};

/** The schema of one line of `--json`; each `type` has its own under `$defs`. */
export const outputSchema: OutputSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "A line that otto writes with --json",
  oneOf: Object.keys(records).map((type) => ({ $ref: `#/$defs/${type}` })),
  $defs: Object.fromEntries(Object.entries(records).map(([type, fields]) => [type, toSchema(type, fields)])),
};

function toSchema(type: string, fields: Fields | readonly Fields[]): OutputSchema {
  return isList(fields) ? { anyOf: fields.map((it) => toObject(type, it)) } : toObject(type, fields);
}

function isList(fields: Fields | readonly Fields[]): fields is readonly Fields[] {
  return Array.isArray(fields);
}

function toObject(type: string, fields: Fields): OutputSchema {
  // An error may also be the answer of one of several parents: a row.
  const key = type === "error" ? "time?" : "time";
  const when = type.includes(".") || timed.has(type) ? { [key]: time } : {};
  const place = type.includes(".") || placed.has(type) ? { "repo?": text, "parent?": text } : {};
  const entries = Object.entries({ type: { const: type }, schema: { const: 1 }, ...when, ...place, ...fields });
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([key, schema]) => [key.replace(/\?$/, ""), schema])),
    required: entries.map(([key]) => key).filter((key) => !key.endsWith("?")),
    additionalProperties: false,
  };
}
