import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { askCredentialHelper } from "./credential-helper.js";

let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "otto-helper-"));
});
afterEach(() => rmSync(bin, { recursive: true }));

/** Asks a helper that is this shell script. */
async function ask(script: string) {
  writeFileSync(join(bin, "docker-credential-x"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const env = { PATH: `${bin}:/usr/bin:/bin` };
  const found = await askCredentialHelper({ helper: "x", server: "r.example", env });
  if (found === undefined) return undefined;
  return "username" in found ? `${found.username} ${found.password.reveal()}` : `token ${found.identityToken.reveal()}`;
}

const fails = (message: string) => ({
  code: "DOCKER_CREDENTIAL_HELPER_FAILED",
  message: `asking docker-credential-x for the credentials of r.example: ${message}`,
});

test("it is asked for the server by its stdin, and gives a password or a token", async () => {
  const answer = (name: string) => `printf '{"Username":"${name}","Secret":"%s"}' "$1 of $(cat)"`;
  expect(await ask(answer("ada"))).toBe("ada get of r.example");
  expect(await ask(answer("<token>"))).toBe("token get of r.example");
});

test("one that has none for the server says so, which is no failure", async () => {
  expect(await ask("echo credentials not found in native keychain; exit 1")).toBeUndefined();
});

test.each([
  ["fails", "echo secret; exit 3", "it ended with 3"],
  [
    "says in another way that it has none",
    "echo no credentials not found in native keychain; exit 1",
    "it ended with 1",
  ],
  ["is killed", "kill -KILL $$", "it ended with a signal"],
  ["answers with no JSON", "echo secret", "its answer is not what a helper answers"],
  ["answers with half of it", `echo '{"Username":"secret"}'`, "its answer is not what a helper answers"],
  ["answers with the other half", `echo '{"Secret":"secret"}'`, "its answer is not what a helper answers"],
  ["answers with null", "echo null", "its answer is not what a helper answers"],
  ["answers without end", "exec cat /dev/zero", "its answer is longer than 1048576 bytes"],
])("one that %s is an error without a word of what it said", async (_, script, message) => {
  const error: unknown = await ask(script).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ ...fails(message), details: { helper: "x", server: "r.example" } });
  expect(JSON.stringify(error)).not.toContain("secret");
});

test("one that is not there, and one whose name is a path, are not run", async () => {
  const asking = (helper: string) => askCredentialHelper({ helper, server: "r.example", env: { PATH: bin } });
  await expect(asking("x")).rejects.toMatchObject(fails("it cannot be run"));
  await expect(asking("../x")).rejects.toMatchObject({
    message: expect.stringContaining("its name is not that of a program") as string,
  });
});

test("an abort ends the helper, with the abort's reason", async () => {
  writeFileSync(join(bin, "docker-credential-x"), "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
  const controller = new AbortController();
  const env = { PATH: `${bin}:/usr/bin:/bin` };
  const asking = askCredentialHelper({ helper: "x", server: "r", env, signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(asking).rejects.toThrow("enough");
});
