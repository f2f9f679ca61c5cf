import { isOttoError } from "@otto/errors";
import { expect, test } from "vitest";
import { findCredentialPlace, parseDockerConfig } from "./docker-config.js";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const auth = base64("ada:secret:with:colons");

function find(config: object, host: string) {
  const place = findCredentialPlace(parseDockerConfig(JSON.stringify(config), "config.json"), host);
  if (place.in === "nowhere") return "nowhere";
  if (place.in === "helper") return `${place.helper} ${place.server}`;
  const { credentials } = place;
  return "username" in credentials
    ? `${credentials.username} ${credentials.password.reveal()}`
    : `token ${credentials.identityToken.reveal()}`;
}

test.each([
  ["an entry", { auths: { "r.example": { auth } } }, "r.example", "ada secret:with:colons"],
  ["an entry with a port", { auths: { "r.example:5000": { auth } } }, "r.example:5000", "ada secret:with:colons"],
  ["an entry that is a URL", { auths: { "https://r.example/v1/": { auth } } }, "r.example", "ada secret:with:colons"],
  ["user and password", { auths: { "r.example": { username: "ada", password: "p" } } }, "r.example", "ada p"],
  ["a token", { auths: { "r.example": { auth, identitytoken: "t" } } }, "r.example", "token t"],
  ["another registry", { auths: { "r.example": { auth } } }, "r.example:5000", "nowhere"],
  ["another registry that ends alike", { auths: { "r.example": { auth } } }, "evil-r.example", "nowhere"],
  ["an entry without a word", { auths: { "r.example": {} } }, "r.example", "nowhere"],
  ["no entries", {}, "r.example", "nowhere"],
  ["a helper for this one", { credHelpers: { "r.example": "ecr" }, credsStore: "pass" }, "r.example", "ecr r.example"],
  ["a helper for all", { auths: { "r.example": {} }, credsStore: "pass" }, "r.example", "pass r.example"],
  ["a helper for another", { credHelpers: { "r.example": "ecr" } }, "s.example", "nowhere"],
  [
    "Docker Hub",
    { auths: { "https://index.docker.io/v1/": { auth } } },
    "registry-1.docker.io",
    "ada secret:with:colons",
  ],
  ["Docker Hub with a helper", { credsStore: "pass" }, "docker.io", "pass https://index.docker.io/v1/"],
])("%s", (_, config, host, found) => {
  expect(find(config, host)).toBe(found);
});

test.each(["", "{ canary", `"canary"`, `["canary"]`])("%j is refused without a word of it", (text) => {
  const refuse = () => parseDockerConfig(text, "/home/ada/.docker/config.json");
  expect(refuse).toThrow(
    expect.toSatisfy(
      (error: Error) =>
        isOttoError(error, "DOCKER_CONFIG_INVALID") && !error.message.includes("canary") && error.cause === undefined,
    ),
  );
});

test("proxies become build arguments in both spellings; what is no text does not", () => {
  const proxies = {
    default: { httpProxy: "http://p:3128", allProxy: "socks5://p", noProxy: "", ftpProxy: 3 },
    "tcp://other": { allProxy: "x" },
  };
  expect(parseDockerConfig(JSON.stringify({ proxies }), "config.json").proxyArgs).toEqual({
    HTTP_PROXY: "http://p:3128",
    http_proxy: "http://p:3128",
    ALL_PROXY: "socks5://p",
    all_proxy: "socks5://p",
  });
  expect(parseDockerConfig(`{"proxies": ["x"]}`, "config.json").proxyArgs).toEqual({});
});
