import { expect, test } from "vitest";
import { findImages } from "./observed-images.js";

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
