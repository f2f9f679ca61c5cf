import { isOttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { imageFullTag, imageLatestTag, imageRepository } from "./image-tag.js";

const hash = `0123456789abcdef${"f".repeat(48)}`;

test.each([
  [undefined, "repo1-api:0123456789abcdef"],
  ["", "repo1-api:0123456789abcdef"],
  ["docker.io", "repo1-api:0123456789abcdef"],
  ["registry.example.com", "registry.example.com/repo1-api:0123456789abcdef"],
  ["localhost:5000", "localhost:5000/repo1-api:0123456789abcdef"],
  ["registry.example.com:5000/team", "registry.example.com:5000/team/repo1-api:0123456789abcdef"],
  ["docker.io/team", "docker.io/team/repo1-api:0123456789abcdef"],
  ["team", "team/repo1-api:0123456789abcdef"],
  ["[::1]:5000", "[::1]:5000/repo1-api:0123456789abcdef"],
])("with the registry %j the tag is %s", (registryUrl, tag) => {
  expect(imageFullTag(registryUrl, "repo1", { name: "api" }, hash)).toBe(tag);
  expect(imageLatestTag(registryUrl, "repo1", { name: "api" })).toBe(tag.replace(/:[^:]*$/, ":latest"));
});

test.each(["a", "a.b", "a_b", "a__b", "a--b", "a/b", "0"])("the image name %j is allowed", (name) => {
  expect(imageRepository(undefined, "p", { name })).toBe(`p-${name}`);
});

test.each([
  ["Repo", "api", undefined, "must be lower case"],
  ["repo", "a b", undefined, 'must not hold " "'],
  ["repo", "é", undefined, 'must not hold "é"'],
  ["repo", "a:b", undefined, 'must not hold ":"'],
  ["repo", "a..b", undefined, "separators in a row"],
  ["repo", "a___b", undefined, "separators in a row"],
  ["repo", "a._b", undefined, "separators in a row"],
  ["repo", "_a", undefined, "separators in a row"],
  ["repo", "a-", undefined, "must begin and end"],
  ["-repo", "a", undefined, "must begin and end"],
  ["repo", "a//b", undefined, "empty part"],
  ["repo", "a/", undefined, "empty part"],
  ["", "a", undefined, "project name is empty"],
  ["repo", "", undefined, "own name is empty"],
  ["repo", "a", "https://registry.example.com", "leave out the scheme"],
  ["repo", "a", "registry.example.com/", "empty part"],
  ["repo", "a", "-bad.example.com", "not a registry host"],
  ["repo", "a", "registry.example.com/Team", "must be lower case"],
  ["repo", "a".repeat(300), undefined, "255"],
])("project %j, image %j, registry %j are refused: %s", (project, name, registryUrl, reason) => {
  const refuse = () => imageFullTag(registryUrl, project, { name }, hash);
  expect(refuse).toThrow(
    expect.toSatisfy((error) => isOttoError(error, "IMAGE_NAME_INVALID") && error.message.includes(reason)),
  );
});

test.each(["", "abc", "X".repeat(64), "0123456789ABCDEF"])("%j is no context hash", (hashHex) => {
  expect(() => imageFullTag(undefined, "p", { name: "a" }, hashHex)).toThrow(TypeError);
});
