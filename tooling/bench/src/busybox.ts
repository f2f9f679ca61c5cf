import { randomBytes } from "node:crypto";
import { createBusyboxImage, type TestImage } from "@otto/lab";

/** An image for the containers of an area, of a name of its own. */
export function createImage(): Promise<TestImage> {
  return createBusyboxImage(`otto-bench-${randomBytes(4).toString("hex")}:latest`);
}
