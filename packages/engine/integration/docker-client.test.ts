import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("dockerode is loaded at the first call that it makes, without its gRPC and protocol buffers", () => {
  const script = `
    import { createRequire } from "node:module";
    const { createEngine } = await import("@otto/engine");
    const engine = createEngine({ name: "none", dial: async () => { throw new Error("no engine"); } });
    const readLoaded = () => Object.keys(createRequire("/")("node:module")._cache);
    await engine.version().catch(() => {});
    const before = readLoaded();
    await engine.inspectContainer("none").catch(() => {});
    console.log(JSON.stringify([before, readLoaded()]));
  `;
  const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: import.meta.dirname,
  });
  const [before, loaded] = JSON.parse(printed.toString()) as [string[], string[]];
  expect(before.filter((path) => path.includes("dockerode"))).toEqual([]);
  expect(loaded.filter((path) => path.includes("dockerode"))).not.toEqual([]);
  expect(loaded.filter((path) => /grpc-js|protobufjs/.test(path))).toEqual([]);
});
