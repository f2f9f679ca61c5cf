import type { ComposeService } from "@otto/compose-files";
import { expect, test } from "vitest";
import { findBuilders, findImages } from "./image-reference.js";

const line = (build: string | undefined) =>
  JSON.stringify({ id: "sha256:1", tags: ["r/a:latest", "b:1"], digests: null, build: build ?? "" });

test.each(["r/a", "r/a:latest", "docker.io/r/a", "library/b:1", "sha256:1"])("%s names the image", (reference) => {
  expect(findImages([reference, "c"], `${line("x")}\nError: No such image: c\n`)).toEqual({
    [reference]: { id: "sha256:1", build: "x" },
  });
});

test.each(["constructor", "__proto__", "toString"])("there is no image %s when nothing is said of it", (reference) => {
  expect(findImages([reference], "")[reference]).toBeUndefined();
});

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
