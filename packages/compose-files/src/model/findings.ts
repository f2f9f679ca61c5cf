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

/** Of all variables that have no value where they stand. */
export function unsetWarnings(groups: readonly DocumentGroup[]): ComposeWarning[] {
  const unset = groups.flatMap(({ documents }) => documents.flatMap((document) => document.unset));
  return unset.map(({ name, location }) => {
    const reference = formatLocation(location);
    const message = `${reference}: variable ${name} is not set, and becomes an empty text`;
    return { code: "COMPOSE_VARIABLE_NOT_SET", message, reference };
  });
}

/** A part of the project is fetched by the parent, so that its own references are not known here. */
export function remoteWarning({ location }: ScalarTree): ComposeWarning {
  const reference = formatLocation(location);
  const message = `${reference}: fetched by the parent; the local files it may refer to are not shipped`;
  return { code: "COMPOSE_REMOTE_RESOURCE", message, reference };
}
