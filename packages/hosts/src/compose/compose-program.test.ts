import { expect, test } from "vitest";
import { findCompose, parseComposeVersion } from "./compose-program.js";

test.each([
  // Releases from 2.6 to 5.5: `version --short` cuts the v of v2.6.0 off; earlier ones did not.
  ["2.6.0\n", "2.6.0", 2, 6],
  ["v2.0.1\n", "2.0.1", 2, 0],
  ["2.40.3\n", "2.40.3", 2, 40],
  ["5.0.0-rc.1\n", "5.0.0-rc.1", 5, 0],
  ["5.5.0\n", "5.5.0", 5, 5],
  ["10.0.0\n", "10.0.0", 10, 0],
  // Packagers: Debian 13, Docker Desktop, Ubuntu.
  ["2.26.1-4\n", "2.26.1-4", 2, 26],
  ["2.40.3-desktop.1\n", "2.40.3-desktop.1", 2, 40],
  ["2.20.2+ds1-0ubuntu1\n", "2.20.2+ds1-0ubuntu1", 2, 20],
  // Compose 1, and the long form of either.
  ["1.29.2\n", "1.29.2", 1, 29],
  ["docker-compose version 1.29.2, build 5becea4c\n", "1.29.2", 1, 29],
  ["Docker Compose version v2.17.2\n", "2.17.2", 2, 17],
  ["Docker Compose version 2.26.1-4\n", "2.26.1-4", 2, 26],
  ["dev\n", "dev", Number.POSITIVE_INFINITY, 0],
])("%j is a version", (output, text, major, minor) => {
  expect(parseComposeVersion(output)).toEqual({ text, major, minor });
});

test.each(["", "\n", "docker: 'compose' is not a docker command.", "unknown flag: --short"])("%j is none", (output) => {
  expect(parseComposeVersion(output)).toBeUndefined();
});

const plugin = "sudo -n /opt/docker -H unix:///docker compose";
const standalone = "sudo -n /opt/docker-compose -H unix:///docker";

test.each<[string, Readonly<Record<string, string>>, string | undefined]>([
  ["both", { [plugin]: "2.26.1", [standalone]: "2.40.3" }, plugin],
  ["the program alone", { [standalone]: "2.6.0" }, standalone],
  ["a plugin that says nothing", { [plugin]: "", [standalone]: "2.6.0" }, standalone],
  ["an old program alone", { [standalone]: "1.29.2" }, standalone],
  ["neither", {}, undefined],
])("through the docker client's own words, of %s one is found", async (_, versions, found) => {
  const ask = async (command: readonly string[]) => versions[command.join(" ").replace(/ version --short$/, "")];
  expect((await findCompose(["sudo", "-n", "/opt/docker", "-H", "unix:///docker"], ask))?.command.join(" ")).toBe(
    found,
  );
});
