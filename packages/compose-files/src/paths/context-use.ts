import { isRemoteContext, type LocalPath, resolveLocalPath } from "../disk/local-path.js";
import type { Located } from "../disk/locator.js";
import type { ContextUse } from "../project.js";
import { entriesOf, mapAt, type ScalarTree } from "../text/yaml-tree.js";
import { contextsBeside } from "./references.js";
import { type Shipping, shipmentKey } from "./shipping.js";

/** Where the context of a build lies; undefined for what is not of this machine. */
export function contextPathOf({ loading, groups }: Shipping, { text, site }: ScalarTree): LocalPath | undefined {
  const group = groups.get(site.documentId);
  if (group === undefined || isRemoteContext(text)) return undefined;
  return resolveLocalPath(text, group.base, loading.source.home);
}

/** Notes at a context that is shipped what is built from it. */
export async function noteContextUse(shipping: Shipping, context: LocalPath, use: ContextUse): Promise<void> {
  const located = await shipping.loading.locator.find(context);
  if (located === undefined) return;
  noteUse(shipping, shipmentKey("build", located), use);
}

/** The same at a file outside of the context. */
export function noteDockerfileUse(shipping: Shipping, located: Located, service: string): void {
  noteUse(shipping, shipmentKey("dockerfile", located), { service, dockerfile: undefined });
}

function noteUse({ shipments }: Shipping, key: string, use: ContextUse): void {
  const shipment = shipments.get(key);
  if (shipment !== undefined) shipments.set(key, { ...shipment, builds: [...(shipment.builds ?? []), use] });
}

/** The same of the contexts that services name beside their own. */
export async function noteContextsBeside(shipping: Shipping): Promise<void> {
  for (const [service, definition] of entriesOf(mapAt(shipping.project, "services"))) {
    for (const scalar of contextsBeside(mapAt(definition, "build"))) {
      const context = contextPathOf(shipping, scalar);
      if (context !== undefined) await noteContextUse(shipping, context, { service, dockerfile: undefined });
    }
  }
}
