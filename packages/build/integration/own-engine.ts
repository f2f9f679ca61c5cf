import { createLocalParent, type Parent } from "@otto/hosts";
import { type EngineProgram, startEngine, type TestEngine } from "@otto/lab";

/** An engine of its own as a parent. */
export interface OwnEngine extends TestEngine {
  readonly parent: Parent;
}

export async function startOwnEngine(program?: EngineProgram): Promise<OwnEngine> {
  const engine = await startEngine(program);
  const docker = { command: ["docker"], stagingRoot: undefined };
  const parent = createLocalParent({ id: "own", docker, socketPath: engine.socketPath, env: process.env });
  return {
    ...engine,
    parent,
    [Symbol.asyncDispose]: async () => {
      await parent[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}
