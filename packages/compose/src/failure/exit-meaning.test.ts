import { expect, test } from "vitest";
import { explainExit } from "./exit-meaning.js";

test.each([
  [137, { isOutOfMemory: true, memoryLimit: 64 * 1024 ** 2 }, "out of memory, its limit is 64 MiB"],
  [1, { isOutOfMemory: true, memoryLimit: undefined }, "out of memory"],
  [137, { memoryLimit: 48 * 1024 ** 2 }, "killed by SIGKILL, perhaps out of memory: its limit is 48 MiB"],
  [137, { memoryLimit: undefined }, "killed by SIGKILL"],
  [139, { memoryLimit: 48 * 1024 ** 2 }, "killed by SIGSEGV"],
  [126, {}, "the command cannot be executed"],
  [127, {}, "command not found"],
  [3, {}, undefined],
])("exit code %i with %j means %j", (exitCode, facts, meaning) => {
  expect(explainExit({ exitCode, isOutOfMemory: false, memoryLimit: undefined, ...facts })).toBe(meaning);
});
