import { expect, test } from "vitest";
import { registryHint } from "./registry-hint.js";

// What docker 26.1.5 said, of a push or pull and of a build.
test.each([
  [
    'Get "https://10.9.9.9:5001/v2/": http: server gave HTTP response to HTTPS client',
    /"insecure-registries": \["10\.9\.9\.9:5001"\]/,
  ],
  [
    'failed to do request: Head "https://10.9.9.9:5001/v2/b/manifests/latest": http: server gave HTTP response to HTTPS client',
    /insecure-registries/,
  ],
  [
    'Get "https://10.9.9.9:5002/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    /\/etc\/docker\/certs\.d\/10\.9\.9\.9:5002\/ca\.crt/,
  ],
  [
    `Get "https://10.9.9.9:5003/v2/": tls: failed to verify certificate: x509: cannot validate certificate for 10.9.9.9 because it doesn't contain any IP SANs`,
    /a certificate that names it/,
  ],
  ['Get "https://10.9.9.9:5009/v2/": dial tcp 10.9.9.9:5009: connect: connection refused', /10\.9\.9\.9:5009 runs/],
  ['Head "http://127.0.0.1:5000/v2/a/manifests/1": no basic auth credentials', /docker login 127\.0\.0\.1:5000$/],
])("%s", (words, hint) => {
  expect(registryHint(words)).toMatch(hint);
  expect(registryHint(words)).not.toMatch(hint.source.startsWith("docker login") ? /certs\.d/ : /docker login [^1]/);
});

test("words without an address need the registry's name; words of other failures have no hint", () => {
  expect(registryHint("unauthorized: authentication required")).toBeUndefined();
  expect(registryHint("unauthorized: authentication required", "r.example")).toBe(
    "Log in to the registry here: docker login r.example",
  );
  expect(registryHint("no space left on device", "r.example")).toBeUndefined();
});

test("what a server says is in no command of a hint unless it is an address", () => {
  expect(registryHint('Get "https://$(reboot):5001/v2/": dial tcp: connection refused')).toBeUndefined();
});
