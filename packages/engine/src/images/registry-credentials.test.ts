import { Secret } from "@otto/errors";
import { expect, test } from "vitest";
import { registryAuthHeader } from "./registry-credentials.js";

const decode = (headers: Record<string, string>) =>
  JSON.parse(Buffer.from(headers["X-Registry-Auth"] ?? "", "base64url").toString());

test("a password goes with its user, a token alone, and nothing as an empty object", () => {
  const password = { username: "ada", password: new Secret("p") };
  expect(decode(registryAuthHeader(password))).toEqual({ username: "ada", password: "p" });
  expect(decode(registryAuthHeader({ identityToken: new Secret("t") }))).toEqual({ identitytoken: "t" });
  expect(decode(registryAuthHeader(undefined))).toEqual({});
});

test("the header is padded and has the letters of URLs only", () => {
  const header = registryAuthHeader({ username: "a", password: new Secret("\u00ff\u00fe>>>???ÿÿÿ") });
  expect(header["X-Registry-Auth"]).toMatch(/^[\w-]+=*$/);
  expect((header["X-Registry-Auth"] ?? "").length % 4).toBe(0);
});
