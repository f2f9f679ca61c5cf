import { createLocalParent, type Parent } from "@otto/hosts";
import { expect, test } from "vitest";
import type { ImageSource } from "./image-result.js";
import { provideOnce } from "./single-flight.js";

const open = (id: string): Parent =>
  createLocalParent({
    id,
    docker: { command: ["docker"], stagingRoot: undefined },
    socketPath: undefined,
    env: process.env,
  });

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    [resolve, reject] = [onValue, onError];
  });
  return { promise, resolve, reject };
}

/** Whoever wants an image; `waits` settles when it waits for another, `end` ends its providing. */
function want(parent: Parent, options: { tag?: string; rebuild?: boolean; isPresent?: () => Promise<boolean> } = {}) {
  const [waiting, providing, provided] = [deferred<void>(), deferred<void>(), deferred<ImageSource>()];
  let times = 0;
  const provide = async () => {
    times += 1;
    providing.resolve();
    return provided.promise;
  };
  const { tag = `flight-${process.pid}`, rebuild = false, isPresent = async () => false } = options;
  const source = provideOnce({
    parent,
    tag,
    who: "me",
    rebuild,
    isPresent,
    provide,
    onWaiting: () => waiting.resolve(),
  });
  return {
    source,
    waits: waiting.promise,
    provides: providing.promise,
    end: provided.resolve,
    fail: provided.reject,
    times: () => times,
  };
}

test("whoever waited for another process's build asks again for the image, and takes it", async () => {
  await using one = open("one");
  await using other = open("other");
  let isThere = false;
  const first = want(one);
  await first.provides;
  const second = want(other, { isPresent: async () => isThere });
  await second.waits;
  isThere = true;
  first.end("built");
  second.end("built");
  expect([await first.source, await second.source, second.times()]).toEqual(["built", "present", 0]);
});

test("whoever waited and does not find the image provides it; to rebuild, even when it is there", async () => {
  await using one = open("one");
  await using other = open("other");
  for (const again of [{}, { rebuild: true, isPresent: async () => true }]) {
    const first = want(one);
    await first.provides;
    const second = want(other, again);
    await second.waits;
    first.end("built");
    second.end("pulled");
    expect([await first.source, await second.source, second.times()]).toEqual(["built", "pulled", 1]);
  }
});

test("whoever did not wait does not ask again", async () => {
  await using parent = open("one");
  const only = want(parent, { isPresent: () => Promise.reject(new Error("asked")) });
  only.end("built");
  expect(await only.source).toBe("built");
});

test("within a process one build serves all that want its tag, and another tag is another build", async () => {
  await using parent = open("one");
  const first = want(parent);
  const second = want(parent);
  await second.waits;
  await first.provides;
  first.end("built");
  second.end("built");
  expect([await first.source, await second.source, second.times()]).toEqual(["built", "present", 0]);
  const next = want(parent);
  next.end("pulled");
  expect(await next.source).toBe("pulled");
});

/** How a waiting build ends when the one that it waits for fails with this error. */
async function follow(error: Error): Promise<ImageSource> {
  await using parent = open("one");
  const first = want(parent);
  const second = want(parent);
  await first.provides;
  second.end("built");
  first.fail(error);
  await expect(first.source).rejects.toThrow(error.message);
  return second.source;
}

test("who waits fails with who is ahead, but succeeds whoever gave up", async () => {
  await expect(follow(new Error("broken"))).rejects.toThrow("broken");
  expect(await follow(Object.assign(new Error("given up"), { name: "AbortError" }))).toBe("built");
});
