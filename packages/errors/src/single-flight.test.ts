import { expect, test } from "vitest";
import { SingleFlight } from "./single-flight.js";

test("all who ask at once get the result of one piece of work, and who asks later of another", async () => {
  let runs = 0;
  const flight = new SingleFlight(async () => (runs += 1));
  expect(await Promise.all([flight.do(), flight.do(), flight.do()])).toEqual([1, 1, 1]);
  expect(await flight.do()).toBe(2);
});

test("a failure is everybody's, and not kept", async () => {
  let runs = 0;
  const flight = new SingleFlight(async () => {
    runs += 1;
    if (runs === 1) throw new Error("first");
    return runs;
  });
  const failures = await Promise.allSettled([flight.do(), flight.do()]);
  expect(failures.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await flight.do()).toBe(2);
});

test("one who leaves does not end the work of the others; the last one does", async () => {
  let aborted = false;
  let finish: (result: string) => void = () => {};
  const flight = new SingleFlight((signal) => {
    signal.addEventListener("abort", () => (aborted = true));
    return new Promise<string>((resolve) => {
      finish = resolve;
    });
  });
  const [leaver, stayer] = [new AbortController(), new AbortController()];
  const left = flight.do(leaver.signal);
  const stays = flight.do(stayer.signal);
  leaver.abort();
  await expect(left).rejects.toMatchObject({ name: "AbortError" });
  expect(aborted).toBe(false);
  finish("done");
  expect(await stays).toBe("done");
  const alone = flight.do(leaver.signal);
  await expect(alone).rejects.toMatchObject({ name: "AbortError" });
  const last = new AbortController();
  aborted = false;
  const waiting = flight.do(last.signal);
  last.abort();
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  expect(aborted).toBe(true);
});
