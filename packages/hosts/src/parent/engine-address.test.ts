import { expect, test } from "vitest";
import { addressEngine } from "./engine-address.js";

const usual = "/var/run/docker.sock";
const rootless = "/run/user/1000/docker.sock";

test.each<[string, string | undefined, string, string]>([
  ["docker", undefined, "docker", usual],
  ["docker", rootless, "docker", rootless],
  ["sudo -n docker", rootless, "sudo -n docker", rootless],
  ["sudo -H /opt/docker", undefined, "sudo -H /opt/docker", usual],
  [`docker -H unix://${rootless}`, undefined, "docker", rootless],
  [`docker --host=unix://${rootless} --debug`, rootless, "docker --debug", rootless],
  [`env DOCKER_HOST=unix://${rootless} docker`, undefined, "env docker", rootless],
  ["podman", undefined, "podman", "/run/podman/podman.sock"],
  ["sudo -n podman", usual, "sudo -n podman", usual],
  ["my-docker", rootless, "my-docker", rootless],
])("%s with the socket %s is %s on %s", (words, socketPath, client, socket) => {
  const docker = { command: words.split(" "), stagingRoot: undefined };
  const addressed = addressEngine("parent", { docker, socketPath });
  expect(addressed.client.join(" ")).toBe(client);
  expect(addressed.command.join(" ")).toBe(`${client} -H unix://${socket}`);
  expect(addressed.socketPath).toBe(socket);
});

test.each<[string, string | undefined]>([
  [`docker -H unix://${rootless}`, usual],
  [`docker -H unix://${rootless} -H unix://${usual}`, undefined],
  ["docker --context other", undefined],
  ["podman --connection=other", usual],
  ["docker --host tcp://box:2375", undefined],
  ["env DOCKER_CONTEXT=other docker", undefined],
  ["docker --host", undefined],
])("%s with the socket %s is refused", (words, socketPath) => {
  const docker = { command: words.split(" "), stagingRoot: undefined };
  expect(() => addressEngine("parent", { docker, socketPath })).toThrow(
    expect.objectContaining({ code: "HOST_ENGINE_AMBIGUOUS" }),
  );
});

test("without anything, the usual engine is asked for, and not otherwise", () => {
  const docker = { command: ["docker"], stagingRoot: undefined };
  const refuse = () => {
    throw new Error("not asked");
  };
  expect(addressEngine("local", { docker, socketPath: undefined }, () => rootless).socketPath).toBe(rootless);
  expect(addressEngine("local", { docker, socketPath: usual }, refuse).socketPath).toBe(usual);
});
