import type { ComposeWarning } from "../project.js";
import { formatLocation } from "../text/location.js";
import type { ScalarTree } from "../text/yaml-tree.js";
import type { DefaultContext } from "./default-context.js";
import type { DocumentGroup, Link } from "./document.js";

/** What is known of the files that were read, beside what they say. */
export interface Findings {
  readonly groups: readonly DocumentGroup[];
  readonly links: readonly Link[];
  readonly defaultContexts: readonly DefaultContext[];
  readonly warnings: readonly ComposeWarning[];
}

/** All that the parts found, each group once. */
export function joinFindings(...parts: readonly Partial<Findings>[]): Findings {
  return {
    groups: [...new Set(parts.flatMap(({ groups = [] }) => groups))],
    links: parts.flatMap(({ links = [] }) => links),
    defaultContexts: parts.flatMap(({ defaultContexts = [] }) => defaultContexts),
    warnings: parts.flatMap(({ warnings = [] }) => warnings),
  };
}

/** A part of the project is fetched by the parent, so that its own references are not known here. */
export function remoteWarning({ location }: ScalarTree): ComposeWarning {
  const mention = formatLocation(location);
  const message = `${mention}: fetched by the parent; the local files it may refer to are not shipped`;
  return { code: "COMPOSE_REMOTE_RESOURCE", message, mention };
}
