import type { Parent, Repo } from "@otto/docker";
import type { RecordPlace } from "../output/reporter.js";

/** What a command works on at a time: most often the part of a repository that belongs on one parent. */
export interface Part {
  readonly repo?: Pick<Repo, "name">;
  readonly parent?: Pick<Parent, "id">;
}

export function placeOf({ repo, parent }: Part): RecordPlace {
  return { ...(repo && { repo: repo.name }), ...(parent && { parent: parent.id }) };
}
