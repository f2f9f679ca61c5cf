import Docker from "dockerode";
import { expect, test } from "vitest";
import { loadDockerClient } from "./docker-client.js";
import { assertDockerodeShape } from "./dockerode-shape.js";
import type { EngineClient } from "./engine-client.js";

test("the dockerode that is installed has what is used of it", async () => {
  const docker = await loadDockerClient({} as EngineClient, undefined);
  expect(docker.getImage("a")).toHaveProperty("inspect");
});

test("a dockerode without one of the calls is refused by its version and the name of what it has not", () => {
  class Exec {
    inspect() {}
  }
  const parts = { Container: new Docker().getContainer("a").constructor, Exec, Image: undefined };
  expect(() => assertDockerodeShape(parts, () => "5.1.0")).toThrow(
    expect.objectContaining({
      code: "ENGINE_LIBRARY_UNSUPPORTED",
      message: "loading dockerode 5.1.0: it has no Exec.resize, which is used here",
      details: { version: "5.1.0", missing: "Exec.resize" },
    }),
  );
});
