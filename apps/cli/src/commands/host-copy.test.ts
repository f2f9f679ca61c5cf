import { type CopyOptions, HostRegistry } from "@otto/docker";
import { expect, test } from "vitest";
import type { JsonRecord } from "../output/reporter.js";
import type { Session } from "../session.js";
import { hostGet, hostPut } from "./host-copy.js";

interface Calls {
  readonly copies: unknown[];
  readonly items: string[];
  readonly records: JsonRecord[];
  readonly drawn: string[];
  readonly notices: string[];
}

/** A session on a terminal, with one machine that copies nothing and says it copied half of 4 kB. */
function fakeSession({ dryRun }: { readonly dryRun: boolean }): { session: Session; calls: Calls } {
  const calls: Calls = { copies: [], items: [], records: [], drawn: [], notices: [] };
  const copy = (direction: string) => async (sources: readonly string[], destination: string, options: CopyOptions) => {
    calls.copies.push([direction, sources, destination, options.mode, options.dryRun]);
    options.onProgress?.({ bytes: 2000, totalBytes: 4000 });
    return {
      copies: sources.map((source) => ({ source, target: `/t/${source}` })),
      entries: 1,
      bytes: 4000,
      warnings: ["./log grew"],
    };
  };
  const session = {
    options: { dryRun },
    signal: new AbortController().signal,
    lab: async () => ({
      repos: [],
      hosts: new HostRegistry(),
      machine: () => ({ put: copy("put"), get: copy("get") }),
    }),
    reporter: {
      undisturbed: (ask: () => unknown) => ask(),
      live: async () => ({
        show: (render: (size: { columns: number }) => readonly string[]) =>
          calls.drawn.push(...render({ columns: 80 })),
        [Symbol.dispose]: () => calls.drawn.push("(gone)"),
      }),
      item: (text: string, record: JsonRecord) => {
        calls.items.push(text);
        calls.records.push(record);
      },
      notice: (level: string, text: string) => calls.notices.push(`${level}: ${text}`),
    },
  };
  return { session: session as unknown as Session, calls };
}

test("put takes the last path as the destination, and shows a bar while it runs", async () => {
  const { session, calls } = fakeSession({ dryRun: false });
  const outcome = await hostPut(session, { id: "box", paths: ["a", "b", "/t"], mode: 0o640 });
  expect(outcome).toEqual({ exitCode: 0, fields: { entries: 1, bytes: 4000 } });
  expect(calls).toEqual({
    copies: [["put", ["a", "b"], "/t", 0o640, false]],
    items: ["a → box:/t/a", "b → box:/t/b"],
    records: [
      { type: "copy", do: "put", host: "box", source: "a", target: "/t/a" },
      { type: "copy", do: "put", host: "box", source: "b", target: "/t/b" },
    ],
    drawn: ["██████████░░░░░░░░░░ 2.0 kB of 4.0 kB", "(gone)"],
    notices: [expect.stringContaining("debug: copied 4"), "warn: ./log grew"],
  });
});

test("a dry run of get says what would be copied", async () => {
  const { session, calls } = fakeSession({ dryRun: true });
  await hostGet(session, { id: "box", paths: ["a", "here"] });
  expect(calls.copies).toEqual([["get", ["a"], "here", undefined, true]]);
  expect(calls.items).toEqual(["would copy box:a → /t/a"]);
  expect(calls.records).toEqual([{ type: "step", do: "get", host: "box", source: "a", target: "/t/a" }]);
});

test("a copy without a destination is a wrong use", async () => {
  const { session } = fakeSession({ dryRun: false });
  await expect(hostPut(session, { id: "box", paths: ["a"] })).rejects.toMatchObject({ code: "CLI_USAGE" });
});
