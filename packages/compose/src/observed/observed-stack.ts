import { cleanText, OttoError, quoteWord } from "@otto/errors";
import { type Parent, readServiceReplica, type ServiceReplica } from "@otto/hosts";
import { ownDirectory, parseSentTree, readSentScript, type SentTree, stagedDirectoryScript } from "@otto/remote-tree";
import { dockerWords, memberLabel, projectFilter } from "../session/compose-command.js";
import type { StackLocation, StackSession } from "../session/stack-session.js";
import { buildLabel, findImages, type ObservedImages } from "./observed-images.js";
import type { OtherService } from "./other-services.js";

/** A port of a container that its parent publishes. */
export interface ObservedPort {
  /** Of the container. */
  readonly port: number;
  readonly protocol: string;
  /** The parent's address that it is bound to: `0.0.0.0` and `::` are all. */
  readonly hostIp: string;
  readonly hostPort: number;
}

/** A container of a Compose project, as far as decisions need it. */
export interface ObservedContainer {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  /** 1 for a service's first container. */
  readonly replica: number;
  /** `created`, `running`, `paused`, `restarting`, `exited`, `dead`, … */
  readonly state: string;
  readonly exitCode: number;
  /** `starting`, `healthy`, `unhealthy`; undefined without a health check. */
  readonly health: string | undefined;
  /** What its last health check wrote. */
  readonly healthOutput: string | undefined;
  /** How often the engine started it again by itself. */
  readonly restarts: number;
  /** `no`, `always`, `on-failure`, `unless-stopped`. */
  readonly restartPolicy: string;
  /** The image's id, `sha256:…`. */
  readonly imageId: string;
  /** What it was started from: the label `otto.config`. */
  readonly config: string | undefined;
  /** By the key of a network that it was put on: what that one's settings were, the label `otto.networks`. */
  readonly networks: Readonly<Record<string, string>>;
  /** Those that the parent publishes now. */
  readonly ports: readonly ObservedPort[];
  /** It has the name of a recreate that was killed meanwhile. */
  readonly isLeftOver: boolean;
}

/** Everything about a stack on its parent, at one moment. */
export interface ObservedStack {
  /** Absolute path of the staged tree, which need not exist. */
  readonly remoteDir: string;
  readonly sent: SentTree;
  /** Whether the last holder of a lease takes it down. */
  readonly isOwned: boolean;
  /** Text of the digests that the last `up` left. */
  readonly digests: string;
  /** Of a project that several repos make: those of the member that is meant. */
  readonly containers: readonly ObservedContainer[];
  /** The services of other members that have a container. */
  readonly others: readonly OtherService[];
  /** Staged trees of members, where the whole project is meant: absolute paths. */
  readonly memberDirs: readonly string[];
  readonly images: ObservedImages;
  /** The parent's time, in milliseconds since 1970. */
  readonly now: number;
  /** What the docker client says beside its answers, as that its configuration cannot be read. */
  readonly warnings: readonly string[];
}

/** The label of a container that says what it was started from. */
export const configLabel = "otto.config";
/** The label of a container that says what the settings of its networks were. */
export const networksLabel = "otto.networks";
/** Where in a staged tree it lies what compose made of the files, so that it need not read them again. */
export const digestsFile = `${ownDirectory}/digests`;
const separator = "\u001e";

/**
 * Looks at a project by one script.
 * @param references of images
 * @throws OttoError `COMPOSE_ENGINE_FAILED`
 */
export async function observeStack(session: StackSession, references: readonly string[] = []): Promise<ObservedStack> {
  const { parent, member } = session;
  const { exitCode, output } = await session.run(observeScript(session, references));
  if (exitCode !== 0) throw engineFailed(parent, output);
  const [
    remoteDir = "",
    manifest = "",
    down = "",
    owned,
    digests = "",
    containers = "",
    images = "",
    now,
    members = "",
  ] = output.split(separator);
  return {
    remoteDir,
    sent: parseSentTree(manifest, down),
    isOwned: owned === "owned",
    digests,
    containers: parseContainers(parent, containers, member),
    others: member === undefined ? [] : parseOthers(parent, containers, member),
    memberDirs: members.split("\n").filter((line) => line !== ""),
    warnings: parseWarnings(containers),
    images: findImages(references, images, (line) => parseLine(parent, line)),
    now: Number(now) * 1000,
  };
}

/** The containers of a project alone. */
export async function observeContainers(session: StackSession): Promise<ObservedContainer[]> {
  const { exitCode, output } = await session.run(listScript(session));
  if (exitCode !== 0) throw engineFailed(session.parent, output);
  return parseContainers(session.parent, output, session.member);
}

function observeScript({ parent, project, member }: StackLocation, images: readonly string[]): string {
  const next = "printf '\\036'";
  const inspect = `${dockerWords(parent)} image inspect --format '{{json .}}' ${images.map(quoteWord).join(" ")}`;
  return `${stagedDirectoryScript(project, parent.docker.stagingRoot, member)}
case $dir in /*) ;; *) echo "its login has no home directory; set docker.staging_root of the host"; exit 1 ;; esac
printf %s "$dir"; ${next}
${readSentScript(next)}; ${next}
[ ! -e "$dir/${ownDirectory}/owned" ] || printf owned; ${next}
cat "$dir/${digestsFile}" 2>/dev/null; ${next}
${listScript({ parent, project })}
${next}
${images.length === 0 ? "" : `${inspect.replace("{{json .}}", imageFormat)} 2>/dev/null`}
${next}
date +%s${member === undefined ? `; ${next}\nfor one in "$dir"@*; do [ ! -d "$one" ] || printf '%s\\n' "$one"; done` : ""}`;
}

const imageFormat = [
  '{"id":{{json .Id}},"tags":{{json .RepoTags}},"digests":{{json .RepoDigests}}',
  '"tagged":{{with .Metadata}}{{json .LastTagTime}}{{else}}""{{end}}',
  // Of an image that has no label at all, `.Labels` is nothing that could be indexed.
  `"build":{{with .Config}}{{with .Labels}}{{json (index . "${buildLabel}")}}{{else}}""{{end}}{{else}}""{{end}}}`,
].join(",");

const containerFormat = [
  '{"id":{{json .Id}},"name":{{json .Name}},"image":{{json .Image}},"restarts":{{.RestartCount}}',
  '"state":{{json .State}},"policy":{{json .HostConfig.RestartPolicy.Name}},"labels":{{json .Config.Labels}}',
  '"ports":{{with .NetworkSettings}}{{json .Ports}}{{else}}null{{end}}}',
].join(",");

function listScript({ parent, project }: StackLocation): string {
  const docker = dockerWords(parent);
  const list = `${docker} container ls --all --quiet --no-trunc ${projectFilter(project)}`;
  const inspect = `${docker} container inspect --format '${containerFormat}' $ids`;
  // What the client writes to stderr may be a warning: whether it failed, its exit code says.
  return `ids=$(${list} 2>/dev/null) || { ${list} 2>&1; exit 1; }
if [ -n "$ids" ]; then
{ said=$(${inspect} 2>&1 >&4) && end=${said.done} || end=${said.failed}; } 4>&1
printf '%s\\n' "$said" | sed -n "s/^./$end&/p"
fi`;
}

/** What the lines of stderr begin with; a container's begins with a brace. */
const said = { done: "+", failed: "-" };

interface HealthState {
  readonly Status: string;
  readonly Log?: readonly { readonly Output?: string }[] | null;
}

interface InspectLine {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly restarts: number;
  readonly state: { readonly Status: string; readonly ExitCode: number; readonly Health?: HealthState };
  readonly policy: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports?: Readonly<Record<string, readonly PortBinding[] | null>> | null;
}

interface PortBinding {
  readonly HostIp?: string;
  readonly HostPort?: string;
}

/** Reads lines of `docker container inspect`; whoever is no service's container is left out. */
export function parseContainers(parent: Parent, text: string, member?: string): ObservedContainer[] {
  const all = text.split("\n");
  const lines = all.filter((line) => line.startsWith("{"));
  const failure = all.filter((line) => line.startsWith(said.failed)).map((line) => line.slice(1));
  // One that goes meanwhile is said to be missing; the others are printed all the same.
  if (failure.length > 0 && !failure.some(isAboutMissing)) throw engineFailed(parent, failure.join("\n"));
  return lines.flatMap((text) => {
    const line = parseLine(parent, text) as InspectLine;
    const place = readServiceReplica(line.labels);
    const isMeant = member === undefined || line.labels[memberLabel] === member;
    return place === undefined || !isMeant ? [] : [toObserved(line, place)];
  });
}

function parseOthers(parent: Parent, text: string, member: string): OtherService[] {
  const lines = text.split("\n").filter((line) => line.startsWith("{"));
  return lines.flatMap((line) => {
    const { labels } = parseLine(parent, line) as InspectLine;
    const place = readServiceReplica(labels);
    const other = labels[memberLabel] ?? "";
    return place === undefined || other === member ? [] : [{ service: place.service, member: other }];
  });
}

function parseLine(parent: Parent, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const command = parent.docker.command.join(" ");
    throw new OttoError(
      "COMPOSE_ENGINE_FAILED",
      `looking at the stack on ${parent.id}: ${command} is no docker client`,
      {
        hint: "Set docker.command to a docker client with Compose, and docker.socket to the engine's socket: Podman has one, too.",
        details: { host: parent.id },
        cause,
      },
    );
  }
}

function parseWarnings(text: string): string[] {
  const lines = text.split("\n").filter((line) => line.startsWith(said.done) || line.startsWith(said.failed));
  return lines.map((line) => cleanText(line.slice(1)).trim()).filter((line) => line !== "" && !isAboutMissing(line));
}

/** Docker CLI 20 to 28: "Error: No such container: <id>" or "Error response from daemon: No such container: <id>". */
function isAboutMissing(line: string): boolean {
  return /no such container/i.test(line);
}

function toObserved(line: InspectLine, place: ServiceReplica): ObservedContainer {
  const { labels } = line;
  const health = line.state.Health?.Status;
  const name = line.name.replace(/^\//, "");
  return {
    id: line.id,
    name,
    ...place,
    state: line.state.Status,
    exitCode: line.state.ExitCode,
    health: health === "none" ? undefined : health,
    healthOutput: line.state.Health?.Log?.at(-1)?.Output,
    restarts: line.restarts,
    restartPolicy: line.policy === "" ? "no" : line.policy,
    imageId: line.image,
    config: labels[configLabel],
    networks: parseNetworks(labels[networksLabel]),
    ports: parsePorts(line.ports),
    isLeftOver: isLeftOver(name, labels, place),
  };
}

/** Keys are like `80/tcp`. */
function parsePorts(ports: InspectLine["ports"]): ObservedPort[] {
  return Object.entries(ports ?? {}).flatMap(([key, bindings]) => {
    const [port = "", protocol = "tcp"] = key.split("/");
    return (bindings ?? []).map(({ HostIp = "", HostPort = "" }) => ({
      ...{ port: Number(port), protocol },
      ...{ hostIp: HostIp === "" ? "0.0.0.0" : HostIp, hostPort: Number(HostPort) },
    }));
  });
}

/** The text of {@link networksLabel}: words like `key=digest`. */
function parseNetworks(text = ""): Record<string, string> {
  const words = text.split(" ").filter((word) => word.includes("="));
  return Object.fromEntries(words.map((word) => word.split("=", 2) as [string, string]));
}

/** Compose before 2.16 gives that name to the old container and sets no label. */
function isLeftOver(name: string, labels: InspectLine["labels"], { service, replica }: ServiceReplica): boolean {
  if (!/^[0-9a-f]{12}_/.test(name)) return false;
  const own = `${labels["com.docker.compose.project"]}-${service}-${replica}`;
  return labels["com.docker.compose.replace"] !== undefined || name.slice("0123456789ab_".length) === own;
}

/** @param output the failed client's words, behind what was found before */
function engineFailed(parent: Parent, output: string): OttoError {
  const said = cleanText(output.slice(output.lastIndexOf(separator) + 1)).trim();
  return new OttoError("COMPOSE_ENGINE_FAILED", `looking at the stack on ${parent.id}: ${said}`, {
    hint: `Check that \`${parent.docker.command.join(" ")} ps\` works there.`,
    details: { host: parent.id },
  });
}
