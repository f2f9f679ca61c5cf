import { mkdir, mkdtemp, readdir, realpath, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostData } from "@otto/config";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readTrust, recordTrust, requireTrust, revokeTrust } from "./lab-trust.js";

let home: string;
beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), "otto-trust-")));
  await mkdir(join(home, "clone"));
});
afterEach(() => rm(home, { recursive: true }));

const originOf = (digest = "1") => ({ file: join(home, "clone/lab.json"), digest });

test("trust lasts as long as the file is what was trusted, and until it is revoked", async () => {
  const setting = { env: {}, home };
  expect(readTrust(originOf(), setting)).toBe("untrusted");
  await recordTrust(originOf(), setting);
  expect(readTrust(originOf(), setting)).toBe("trusted");
  expect(readTrust(originOf("2"), setting)).toBe("changed");
  expect(readTrust({ file: join(home, "other/lab.json"), digest: "1" }, setting)).toBe("untrusted");
  await revokeTrust(originOf(), setting);
  expect(readTrust(originOf(), setting)).toBe("untrusted");
});

test("records are the user's alone, where XDG_STATE_HOME says", async () => {
  const setting = { env: { XDG_STATE_HOME: join(home, "state") }, home };
  await recordTrust(originOf(), setting);
  const directory = join(home, "state/otto/trust");
  const [name = ""] = await readdir(directory);
  const modes = await Promise.all([directory, join(directory, name)].map(async (path) => (await stat(path)).mode));
  expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(["700", "600"]);
  // A relative one would lie in whatever directory one is in.
  expect(readTrust(originOf(), { env: { XDG_STATE_HOME: "state" }, home })).toBe("untrusted");
});

test.each([
  ["the clone", (at: string) => `${at}/clone`, "trusted"],
  ["what holds it, in a list", (at: string) => `/nowhere:${at},/usr`, "trusted"],
  ["the home", () => "~", "trusted"],
  ["a link to it", (at: string) => `${at}/link`, "trusted"],
  ["the file", (at: string) => `${at}/clone/lab.json`, "untrusted"],
  ["a name that begins alike", (at: string) => `${at}/clo`, "untrusted"],
  ["a relative one", () => "clone:.", "untrusted"],
  ["nothing", () => "", "untrusted"],
])("OTTO_TRUST=%s", async (_what, value, expected) => {
  await symlink("clone", join(home, "link"));
  expect(readTrust(originOf(), { env: { OTTO_TRUST: value(home) }, home })).toBe(expected);
});

test("a program may name directories itself", () => {
  expect(readTrust(originOf(), { env: {}, home, trusted: [join(home, "clone")] })).toBe("trusted");
});

/** The code of the error, or `undefined`. */
function refusalOf(host: object, env: Record<string, string>): unknown {
  try {
    requireTrust({ id: "a", ssh: {}, ...host } as HostData, { env, home });
    return undefined;
  } catch (error) {
    return (error as { code: unknown }).code;
  }
}

test("a host of the user's own file needs no trust, and may name any variable", () => {
  expect(refusalOf({ ssh: { passwordEnv: "AWS_SECRET_ACCESS_KEY" } }, {})).toBe(undefined);
});

test("a host of a trusted file may name variables for otto, and those that the user lists", () => {
  const trusting = { OTTO_TRUST: home };
  const named = (ssh: object) => ({ origin: originOf(), ssh });
  expect(refusalOf(named({}), {})).toBe("LAB_NOT_TRUSTED");
  expect(refusalOf(named({ passwordEnv: "OTTO_PASSWORD" }), trusting)).toBe(undefined);
  for (const key of ["passwordEnv", "passphraseEnv"]) {
    const host = named({ [key]: "AWS_SECRET_ACCESS_KEY" });
    expect(refusalOf(host, trusting)).toBe("LAB_VARIABLE_REFUSED");
    expect(refusalOf(host, { ...trusting, OTTO_LAB_VARIABLES: "A, AWS_SECRET" })).toBe("LAB_VARIABLE_REFUSED");
    expect(refusalOf(host, { ...trusting, OTTO_LAB_VARIABLES: "A, AWS_SECRET_ACCESS_KEY" })).toBe(undefined);
  }
});
