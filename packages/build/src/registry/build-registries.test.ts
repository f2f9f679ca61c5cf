import type { DockerImage } from "@otto/config";
import { expect, test } from "vitest";
import { findRegistries } from "./build-registries.js";

const image: DockerImage = {
  name: "api",
  dockerfile: "/repo/Dockerfile",
  context: "/repo",
  buildArgs: { BASE: "given.example/base" },
  labels: {},
  cacheFrom: [],
  addHosts: [],
  additionalContexts: {},
  secrets: [],
  ssh: [],
};

test("a build's registries are those of its images, frontend, named contexts and caches", () => {
  const dockerfile = `# syntax=frontend.example/dockerfile:1
ARG BASE
FROM $BASE AS base
FROM base
COPY --from=copy.example:5000/a /a /
RUN --mount=from=mount.example/a,target=/m true
`;
  const found = findRegistries(
    {
      ...image,
      additionalContexts: { a: "docker-image://context.example/a", b: "https://git.example/b.git", c: "/repo/c" },
      cacheFrom: ["cache.example/a", "type=registry,ref=ref.example/a:cache"],
    },
    dockerfile,
  );
  expect([...found].sort()).toEqual([
    "cache.example",
    "context.example",
    "copy.example:5000",
    "frontend.example",
    "given.example",
    "mount.example",
    "ref.example",
  ]);
});

test("a build from nothing has none, and one from an image without a host has the default one", () => {
  expect([...findRegistries(image, "FROM scratch\nCOPY . /\n")]).toEqual([]);
  expect([...findRegistries(image, "FROM busybox\n")]).toEqual(["docker.io"]);
});

test("another frontend by a build argument is the one that counts", () => {
  const buildArgs = { BUILDKIT_SYNTAX: "other.example/frontend" };
  expect([...findRegistries({ ...image, buildArgs }, "# syntax=frontend.example/f\nFROM scratch\n")]).toEqual([
    "other.example",
  ]);
});
