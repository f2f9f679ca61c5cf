import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createEngine } from "./engine.js";

test("a connection that is lost before its request has it is an error", async () => {
  const lost = new PassThrough().destroy();
  await using engine = createEngine({ name: "pepper", dial: async () => lost });
  await expect(engine.version()).rejects.toMatchObject({
    code: "ENGINE_UNREACHABLE",
    message: expect.stringContaining("the connection was closed"),
  });
});

test("an abort ends the wait for a connection that does not come", async () => {
  await using engine = createEngine({ name: "pepper", dial: () => new Promise(() => {}) });
  const asks = [(signal: AbortSignal) => engine.version(signal), (signal: AbortSignal) => engine.time(signal)];
  for (const ask of asks) {
    const controller = new AbortController();
    const asked = ask(controller.signal);
    controller.abort();
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
  }
});

test("a connection that comes when the engine is closed is closed", async () => {
  const late = new PassThrough();
  let open: (stream: PassThrough) => void = () => {};
  const engine = createEngine({ name: "pepper", dial: () => new Promise((resolve) => (open = resolve)) });
  const asked = engine.version();
  await new Promise(setImmediate);
  await engine[Symbol.asyncDispose]();
  await expect(asked).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
  open(late);
  await new Promise(setImmediate);
  expect(late.destroyed).toBe(true);
});
