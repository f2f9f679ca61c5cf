import { expect, test } from "vitest";
import { familiarImageName } from "./image-reference.js";

test.each([
  ["app", "app:latest"],
  ["docker.io/library/app", "app:latest"],
  ["index.docker.io/team/app:1", "team/app:1"],
  ["localhost:5000/app", "localhost:5000/app:latest"],
  ["r.example:5000/app:1", "r.example:5000/app:1"],
  ["app@sha256:00", "app@sha256:00"],
  ["sha256:00", "sha256:00"],
])("%s is %s", (reference, name) => {
  expect(familiarImageName(reference)).toBe(name);
});
