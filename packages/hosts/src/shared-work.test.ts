import { expect, test } from "vitest";
import { SharedWork } from "./shared-work.js";

test("all who ask at once get the result of one piece of work, and who asks later of another", async () => {
  let runs = 0;
  const shared = new SharedWork(async () => (runs += 1));
  expect(await Promise.all([shared.join(), shared.join(), shared.join()])).toEqual([1, 1, 1]);
  expect(await shared.join()).toBe(2);
});

test("a failure is everybody's, and not kept", async () => {
  let runs = 0;
  const shared = new SharedWork(async () => {
    runs += 1;
    if (runs === 1) throw new Error("first");
    return runs;
  });
  const failures = await Promise.allSettled([shared.join(), shared.join()]);
  expect(failures.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await shared.join()).toBe(2);
});

test("one who leaves does not end the work of the others; the last one does", async () => {
  let aborted = false;
  let finish: (result: string) => void = () => {};
  const shared = new SharedWork((signal) => {
    signal.addEventListener("abort", () => (aborted = true));
    return new Promise<string>((resolve) => {
      finish = resolve;
    });
  });
  const [leaver, stayer] = [new AbortController(), new AbortController()];
  const left = shared.join(leaver.signal);
  const stays = shared.join(stayer.signal);
  leaver.abort();
  await expect(left).rejects.toMatchObject({ name: "AbortError" });
  expect(aborted).toBe(false);
  finish("done");
  expect(await stays).toBe("done");
  const alone = shared.join(leaver.signal);
  await expect(alone).rejects.toMatchObject({ name: "AbortError" });
  const last = new AbortController();
  aborted = false;
  const waiting = shared.join(last.signal);
  last.abort();
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  expect(aborted).toBe(true);
});
