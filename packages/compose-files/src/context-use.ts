import { isRemoteResource, type LocalPath, resolveLocalPath } from "./local-path.js";
import type { ContextUse } from "./project.js";
import { contextsBeside } from "./references.js";
import { type Shipping, shipmentKey } from "./shipping.js";
import { entriesOf, mapAt } from "./yaml-tree.js";

/** Notes at a context that is shipped what is built from it. */
export async function noteContextUse(shipping: Shipping, context: LocalPath, use: ContextUse): Promise<void> {
  const located = await shipping.loading.locator.find(context);
  const key = located && shipmentKey("build", located);
  const shipment = key === undefined ? undefined : shipping.shipments.get(key);
  if (key === undefined || shipment === undefined) return;
  shipping.shipments.set(key, { ...shipment, builds: [...(shipment.builds ?? []), use] });
}

/** The same of the contexts that services name beside their own. */
export async function noteContextsBeside(shipping: Shipping): Promise<void> {
  const { loading, documents, project } = shipping;
  for (const [service, definition] of entriesOf(mapAt(project, "services"))) {
    for (const { text, site } of contextsBeside(mapAt(definition, "build"))) {
      const group = documents.get(site.documentId)?.group;
      if (group === undefined || isRemoteResource(text)) continue;
      const context = resolveLocalPath(text, group.base, loading.source.home);
      await noteContextUse(shipping, context, { service, dockerfile: undefined });
    }
  }
}
