import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Lab, startLab } from "@otto/lab";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routeTo } from "./lab-route.js";
import { countLeftByAbort } from "./suite/processes.js";
import { openBy, transports } from "./transports.js";

let lab: Lab<"parent">;

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: { server: "dropbear" } } });
});

afterAll(() => lab[Symbol.asyncDispose]());

const numbers = Array.from({ length: 12 }, (_, number) => number);

describe.each(transports)("$name", (transport) => {
  test("commands that end soon, many at once, each run once, and no rejection is left unhandled", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    for (let round = 0; round < 5; round += 1) {
      await using session = openBy(transport, routeTo(lab, "parent"));
      const files = numbers.map((number) => join("/tmp", `${lab.hosts.parent.user}-${round}-${number}`));
      const calls = files.map((file) => session.exec(["sh", "-c", 'echo run >>"$1"', "sh", file]));
      const outcomes = (await Promise.allSettled(calls)).map(({ status }) => status);
      expect(outcomes).toEqual(numbers.map(() => "fulfilled"));
      expect(await Promise.all(files.map((file) => readFile(file, "utf8")))).toEqual(numbers.map(() => "run\n"));
      await session.exec(["rm", ...files]);
    }
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  test("an aborted command has ended, and what it started, though no other session fits beside it", async () => {
    await using session = openBy(transport, routeTo(lab, "parent"));
    expect(await countLeftByAbort(session, expect)).toBe(0);
  });

  test("commands run beside processes that last, by further connections", async () => {
    await using session = openBy(transport, routeTo(lab, "parent"));
    const tails = await Promise.all([1, 2, 3].map(() => session.spawn(["cat"])));
    const results = await Promise.all(numbers.map((number) => session.exec(["echo", `${number}`])));
    expect(results.map(({ stdout }) => stdout.toString())).toEqual(numbers.map((number) => `${number}\n`));
    for (const { stdin } of tails) stdin.end();
    expect(await Promise.all(tails.map(({ exit }) => exit))).toEqual(tails.map(() => ({ exitCode: 0 })));
  });
});
