import { mentionOf } from "../text/faults.js";
import type { ScalarTree } from "../text/yaml-tree.js";
import type { Loading } from "./loading.js";

/** Says that a part of the project is fetched by the parent, so that its own references are not known here. */
export function warnRemote({ warnings }: Loading, { place }: ScalarTree): undefined {
  const mention = mentionOf(place);
  const message = `${mention}: fetched by the parent; the local files it may refer to are not shipped`;
  warnings.set(`remote ${mention}`, { code: "COMPOSE_REMOTE_RESOURCE", message, mention });
  return undefined;
}
