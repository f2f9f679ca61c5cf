import type { ComposeService } from "@otto/compose-files";
import { expect, test } from "vitest";
import { findBuilders } from "./image-reference.js";

test("an image's builder is the enabled service that has its build, whatever form its name has", () => {
  const service = (name: string, image: string | undefined, hasBuild: boolean, enabled = true) => ({
    name,
    image,
    hasBuild,
    enabled,
  });
  const services = [
    service("web", "r/app:1", true),
    service("job", "docker.io/r/app:1", false),
    service("by-project", "p-plain", false),
    service("plain", undefined, true),
    service("other", "r/app:2", false),
    service("off", "off:1", true, false),
    service("without", "off:1", false),
  ] as unknown as readonly ComposeService[];
  const builders = findBuilders({ project: "p", files: { services } } as unknown as Parameters<typeof findBuilders>[0]);
  expect(Object.fromEntries(builders)).toEqual({ job: "web", "by-project": "plain" });
});
