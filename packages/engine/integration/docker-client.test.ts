import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("asking an engine loads neither gRPC nor protocol buffers of dockerode", () => {
  const script = `
    import { createRequire } from "node:module";
    const { createEngine } = await import("@otto/engine");
    const engine = createEngine({ name: "none", dial: async () => { throw new Error("no engine"); } });
    await engine.version().catch(() => {});
    console.log(JSON.stringify(Object.keys(createRequire("/")("node:module")._cache)));
  `;
  const printed = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: import.meta.dirname,
  });
  const loaded = JSON.parse(printed.toString()) as string[];
  expect(loaded.filter((path) => path.includes("dockerode"))).not.toEqual([]);
  expect(loaded.filter((path) => /grpc-js|protobufjs/.test(path))).toEqual([]);
});
