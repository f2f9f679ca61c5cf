import { expect, test } from "vitest";
import { frontendAttributes } from "./solve-request.js";

test("a plain build says its Dockerfile and nothing that was not asked for", () => {
  expect(frontendAttributes({ tag: "a:1", dockerfile: "Dockerfile" })).toEqual({
    filename: "Dockerfile",
    "image-resolve-mode": "default",
  });
});

test("every option has its attribute", () => {
  const options = {
    tag: "a:1",
    dockerfile: "Dockerfile",
    buildArgs: { PORT: "80" },
    labels: { team: "red" },
    target: "prod",
    platform: "linux/arm64",
    pull: true,
    noCache: true,
    cacheFrom: ["r.example/a", "r.example/b"],
    networkMode: "host",
    extraHosts: ["db:10.0.0.1", "six:fe80::1", "new=10.0.0.2"],
    shmSizeBytes: 1024,
    namedContexts: { shared: "local:shared" },
  };
  expect(frontendAttributes(options)).toEqual({
    filename: "Dockerfile",
    "image-resolve-mode": "pull",
    "no-cache": "",
    target: "prod",
    platform: "linux/arm64",
    "force-network-mode": "host",
    "add-hosts": "db=10.0.0.1,six=fe80::1,new=10.0.0.2",
    "shm-size": "1024",
    "cache-from": "r.example/a,r.example/b",
    "build-arg:PORT": "80",
    "label:team": "red",
    "context:shared": "local:shared",
  });
});
