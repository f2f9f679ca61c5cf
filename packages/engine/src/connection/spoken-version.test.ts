import { expect, test } from "vitest";
import { readOwnWords } from "./spoken-version.js";

// As the engines answer `GET /v1.43/images/none/json`.
const docker26 = { server: "Docker/26.1.5+dfsg1 (linux)", "api-version": "1.45", ostype: "linux" };

test.each([
  ["Docker 26", docker26, { hasBuildKit: true }],
  ["Docker with our version", { ...docker26, "api-version": "1.43" }, { hasBuildKit: true }],
  ["Docker on Windows", { ...docker26, ostype: "windows" }, { hasBuildKit: false }],
  ["Docker 20.10", { ...docker26, server: "Docker/20.10.24 (linux)", "api-version": "1.41" }, undefined],
  ["Podman", { server: "Libpod/4.3.1 (linux)", "api-version": "1.41" }, undefined],
  ["an engine that says no version", { server: "Docker/26.1.5 (linux)" }, undefined],
  ["a version that is none", { ...docker26, "api-version": "latest" }, undefined],
  ["a proxy that keeps the headers", {}, undefined],
])("%s", (_, headers, words) => {
  expect(readOwnWords(headers)).toEqual(words);
});
