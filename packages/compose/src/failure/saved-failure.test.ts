import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRedactor, OttoError, Secret } from "@otto/errors";
import type { Parent } from "@otto/hosts";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ObservedContainer } from "../observed/observed-stack.js";
import type { StackSession } from "../session/stack-session.js";
import { readSavedFailure, readSavedLog, saveFailure } from "./saved-failure.js";

let root = "";
beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), "otto-saved-")), "failures");
});
afterEach(() => rm(dirname(root), { recursive: true, force: true }));

const container = (service: string, replica = 1) =>
  ({ id: `${service}${replica}`, name: "c", service, replica, state: "exited", exitCode: 1 }) as ObservedContainer;

/** Saves containers, each of which wrote these texts to its stdout. */
async function save(logs: readonly { readonly of: ObservedContainer; readonly text: string }[]) {
  const parent = { id: "pepper", docker: { command: ["docker"] } } as unknown as Parent;
  const run: StackSession["run"] = async (script) => {
    const [, boundary = ""] = /^printf %s (\w+)$/m.exec(script) ?? [];
    return { exitCode: 0, output: ["[]", ...logs.flatMap(({ text }) => [text, ""])].join(boundary) };
  };
  const session = { parent, project: "shop", run } as StackSession;
  const redactor = async () => createRedactor([new Secret("hunter22")]);
  const error = new OttoError("COMPOSE_SERVICE_FAILED", "it is not up");
  await saveFailure({ session, redactor }, { root, error, containers: logs.map(({ of }) => of) });
  const saved = await readSavedFailure(root, { parent, project: "shop" });
  if (saved === undefined) throw new Error("nothing was saved");
  const texts = await Promise.all(saved.containers.map((one) => readSavedLog(saved, one)));
  return { saved, texts: texts.map((lines) => lines.map(({ text }) => text).join("|")) };
}

const line = (text: string) => `2026-01-31T12:00:00.5Z ${text}\n`;

test("each container's log is its own, whatever others write", async () => {
  const texts = [line("a\u001eb"), line("printf \u001e c"), line("password hunter22")];
  const { texts: read } = await save(texts.map((text, at) => ({ of: container(`s${at}`), text })));
  expect(read).toEqual(["ab", "printf  c", "password [redacted]"]);
});

test("labels that are no names of services lead to no file elsewhere, and to no other's log", async () => {
  const names = ["../../evil", "..", "a/b", "a_b", "/etc/x"];
  const { saved, texts } = await save(names.map((name) => ({ of: container(name), text: line(name) })));
  expect(texts).toEqual(names);
  expect(new Set(saved.containers.map(({ log }) => log)).size).toBe(names.length);
  expect((await readdir(saved.directory)).length).toBe(names.length + 2);
  expect(await readdir(dirname(root))).toEqual(["failures"]);
});
