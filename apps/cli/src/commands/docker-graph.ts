import { readStackGraph, type StackGraph } from "@otto/docker";
import { OttoError } from "@otto/errors";
import { formatGraph, type GraphFormat } from "@otto/pictures";
import type { PlaceOptions } from "../arguments/option.js";
import { findPlaces, type Place, warnOfStandIn } from "../arguments/place.js";
import type { Outcome } from "../outcome.js";
import { describeError } from "../output/error-text.js";
import { writeText } from "../output/written-file.js";
import type { Session } from "../session.js";
import { eachOf } from "../side-by-side/each-part.js";
import { withStack } from "../stack-choice.js";

export interface DockerGraphFlags extends PlaceOptions {
  readonly format?: GraphFormat;
  readonly output?: string;
  readonly profile?: readonly string[];
  /** Whether the parent is asked for states. */
  readonly states: boolean;
}

const formatOfEnding: Readonly<Record<string, GraphFormat>> = {
  html: "html",
  htm: "html",
  json: "json",
  md: "mermaid",
  mmd: "mermaid",
  svg: "svg",
};

/** `otto docker graph` */
export async function dockerGraph(session: Session, flags: DockerGraphFlags): Promise<Outcome> {
  const places = withStack(session, await findPlaces(session, flags));
  if (places.length > 1 && flags.output !== undefined) throw severalStacks(places);
  const format = flags.format ?? formatOf(flags.output);
  return eachOf(session, places, async (place, own) => {
    warnOfStandIn(own, place);
    const graph = await readGraph(own, place, flags);
    const text = await formatGraph(graph, format);
    const record = { type: "graph", repo: place.repo.name, parent: place.parent.id, format, graph, text };
    await writeText(own, { output: flags.output, text, record });
    return true;
  });
}

/** What an ending of a file says, else Mermaid: text, which Markdown shows as a picture. */
function formatOf(output: string | undefined): GraphFormat {
  const ending = /\.(\w+)$/.exec(output ?? "")?.[1]?.toLowerCase() ?? "";
  return formatOfEnding[ending] ?? "mermaid";
}

/** A parent that cannot be asked takes away the states, not the picture. */
async function readGraph(session: Session, place: Place, flags: DockerGraphFlags): Promise<StackGraph> {
  const { repo, lab, parent, on } = place;
  const options = { on, profiles: flags.profile, signal: session.signal };
  const declared = await readStackGraph(repo, lab, { ...options, observe: false });
  if (!flags.states) return declared;
  try {
    return await readStackGraph(repo, lab, options);
  } catch (error) {
    session.signal.throwIfAborted();
    const { message } = describeError(error);
    session.reporter.notice(
      "warn",
      `${repo.name}: the graph shows no states, ${parent.id} cannot be asked: ${message}`,
    );
    return declared;
  }
}

function severalStacks(places: readonly Place[]): OttoError {
  const names = [...new Set(places.map(({ repo }) => repo.name))];
  const [several, hint] =
    names.length > 1
      ? [`${names.length} repositories have a stack`, `Name one with --repo: ${names.join(", ")}.`]
      : [
          `the stack is on ${places.length} parents`,
          "Leave --output out, or name one with --on: it is drawn whole, there.",
        ];
  return new OttoError("CLI_USAGE", `--output: ${several}, and one file holds one graph`, { hint });
}
