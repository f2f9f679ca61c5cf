import { cleanText, OttoError } from "@otto/errors";
import {
  findKept,
  type KeptFiles,
  ownDirectory,
  parseSentTree,
  readSentScript,
  stagedDirectoryScript,
} from "@otto/remote-tree";
import { dockerWords, projectFilter } from "../session/compose-command.js";
import type { StackLocation, StackSession } from "../session/stack-session.js";

export interface Resource {
  readonly kind: "container" | "network" | "volume" | "image";
  readonly name: string;
  /** Of a container. */
  readonly service?: string | undefined;
  /** Of a container: the networks that it is on and the volumes that it has, by their names. */
  readonly uses?: readonly string[] | undefined;
}

/** What there is of a project, whether its files are known or not. */
export interface Remains {
  readonly resources: readonly Resource[];
  /** The staged trees: one, or of a project that several repos make one each. None where nothing was sent. */
  readonly trees: readonly RemainingTree[];
}

export interface RemainingTree {
  /** Absolute, on the parent. */
  readonly directory: string;
  readonly isDown: boolean;
  readonly kept: KeptFiles | undefined;
}

const kinds = ["container", "network", "volume", "image"] as const;
const separator = "\u001e";

export interface RemainsChoice {
  /** Whether volumes are asked for. */
  readonly volumes: boolean;
  /** The images that are asked for. Default: none. */
  readonly rmi?: "all" | "local" | undefined;
}

/** @throws OttoError `COMPOSE_DOWN_FAILED` */
export async function observeRemains(session: StackSession, choice: RemainsChoice): Promise<Remains> {
  const { parent, project } = session;
  const { exitCode, output } = await session.run(listScript(session, choice));
  if (exitCode === 0) {
    const [list = "", ...words] = output.split(separator);
    const trees: RemainingTree[] = [];
    for (let at = 0; at + 2 < words.length; at += 3) {
      const [directory = "", manifest = "", down = ""] = words.slice(at, at + 3);
      const sent = parseSentTree(manifest, down);
      const kept = await findKept({ shell: session, remoteDir: directory, host: parent.id }, sent);
      trees.push({ directory, isDown: down !== "", kept });
    }
    return { resources: parseResources(list), trees };
  }
  const said = cleanText(output).trim();
  throw new OttoError("COMPOSE_DOWN_FAILED", `looking for what is left of ${project} on ${parent.id}: ${said}`, {
    details: { host: parent.id, project, output: said },
  });
}

function listScript({ parent, project }: StackLocation, { volumes, rmi }: RemainsChoice): string {
  const docker = dockerWords(parent);
  const filter = projectFilter(project);
  const lists = [
    `container ls --all --no-trunc ${filter} --format 'container ${containerFormat}'`,
    `network ls ${filter} --format 'network {{.Name}}'`,
    ...(volumes ? [`volume ls ${filter} --format 'volume {{.Name}}'`] : []),
    ...(rmi === undefined ? [] : [`image ls ${filter} --format 'image {{.Repository}}:{{.Tag}}'`]),
    ...(rmi === "all" ? [`container ls --all ${filter} --format 'image {{.Image}}'`] : []),
  ];
  return `${stagedDirectoryScript(project, parent.docker.stagingRoot)}
{ ${lists.map((list) => `${docker} ${list}`).join(" &&\n")}
} 2>&1 || exit 1
for dir in "$dir" "$dir"@*; do
[ -e "$dir/${ownDirectory}/manifest" ] || continue
printf '\\036%s\\036' "$dir"
${readSentScript("printf '\\036'")}
done`;
}

const containerFormat = '{{.Names}}\t{{.Label "com.docker.compose.service"}}\t{{.Networks}},{{.Mounts}}';

/** A container names its image as the Compose file did, where `latest` may be left out, or by its id. */
function withTag(line: string): string {
  const isWhole = !line.startsWith("image ") || /[:@][^/]*$|^image [0-9a-f]{12}$/.test(line);
  return isWhole ? line : `${line}:latest`;
}

function parseResources(list: string): Remains["resources"] {
  const lines = new Set(list.split("\n").map(withTag));
  const resources = [...lines].flatMap((line) => {
    const kind = kinds.find((one) => line.startsWith(`${one} `));
    const [name = "", service, uses] = kind === undefined ? [] : line.slice(kind.length + 1).split("\t");
    return kind === undefined ? [] : [{ kind, name, ...(uses !== undefined && { service, uses: uses.split(",") }) }];
  });
  return resources.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || (a.name < b.name ? -1 : 1));
}
