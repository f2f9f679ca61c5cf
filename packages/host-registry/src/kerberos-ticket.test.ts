import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hasTicket } from "./kerberos-ticket.js";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "otto-ticket-"));
});

afterAll(() => rm(directory, { recursive: true }));

/** A directory with a `klist` that does that. */
async function createKlist(name: string, script: string): Promise<string> {
  const path = await mkdtemp(join(directory, `${name}-`));
  await writeFile(join(path, "klist"), `#!/bin/sh\n${script}\n`);
  await chmod(join(path, "klist"), 0o755);
  return path;
}

test.each<[string, string, Record<string, string>, boolean]>([
  ["finds a valid ticket", '[ "$*" = "-A -s" ]', {}, true],
  ["finds none", "exit 1", {}, false],
  ["finds none in the cache that is named", "exit 1", { KRB5CCNAME: "FILE:/nowhere" }, false],
  ["finds none, and a keytab is there to get one", "exit 1", { KRB5_CLIENT_KTNAME: "FILE:/keytab" }, true],
  ["fails, and a cache is named", "exit 127", { KRB5CCNAME: "KCM:" }, true],
])("where klist %s", async (_, script, env, expected) => {
  const PATH = await createKlist("klist", script);
  expect(await hasTicket({ env: { ...env, PATH } })).toBe(expected);
});

test("without klist, a cache that is named counts", async () => {
  const env = { PATH: join(directory, "nothing"), KRB5CCNAME: "KEYRING:session:x" };
  expect(await hasTicket({ env })).toBe(true);
});

test("an abort ends klist", async () => {
  const PATH = await createKlist("slow", "exec sleep 100");
  const aborting = new AbortController();
  const asked = hasTicket({ env: { PATH: `${PATH}:${process.env.PATH}` }, signal: aborting.signal });
  aborting.abort(new Error("no more"));
  await expect(asked).rejects.toThrow("no more");
});
