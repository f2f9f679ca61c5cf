import { expect, test } from "vitest";
import { familiarImageName, parseImageReference } from "./image-reference.js";

test.each([
  ["app", "app:latest"],
  ["docker.io/library/app", "app:latest"],
  ["index.docker.io/team/app:1", "team/app:1"],
  ["library/team/app", "library/team/app:latest"],
  ["localhost:5000", "localhost:5000"],
  ["localhost:5000/app", "localhost:5000/app:latest"],
  ["r.example:5000/app:1", "r.example:5000/app:1"],
  ["r.example/library/app", "r.example/library/app:latest"],
  ["app@sha256:00", "app@sha256:00"],
  ["app:1@sha256:00", "app@sha256:00"],
  ["docker.io/app@sha256:00", "app@sha256:00"],
  ["sha256:00", "sha256:00"],
])("%s is %s", (reference, name) => {
  expect(familiarImageName(reference)).toBe(name);
});

test.each([
  ["app", "docker.io app - -"],
  ["team/app:1", "docker.io team/app 1 -"],
  ["localhost/app", "localhost localhost/app - -"],
  ["localhost:5000/app", "localhost:5000 localhost:5000/app - -"],
  ["localhost:5000", "docker.io localhost 5000 -"],
  ["registry.example/team/app:1", "registry.example registry.example/team/app 1 -"],
  ["r.example:5000/app:1@sha256:00", "r.example:5000 r.example:5000/app 1 sha256:00"],
  ["Team/app", "Team Team/app - -"],
  ["[::1]:5000/app", "[::1]:5000 [::1]:5000/app - -"],
  ["index.docker.io/app", "docker.io app - -"],
])("%s has the parts %s", (reference, parts) => {
  const { registry, familiarName, tag = "-", digest = "-" } = parseImageReference(reference);
  expect(`${registry} ${familiarName} ${tag} ${digest}`).toBe(parts);
});
