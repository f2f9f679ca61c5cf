import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostData, Repo } from "@otto/config";
import { Lab } from "@otto/host-registry";
import { afterEach, beforeEach, expect, test } from "vitest";
import { composeUp } from "./compose-up.js";
import { readParts } from "./stack-parts.js";
import { fillSecrets } from "./stack-secrets.js";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "otto-stack-secrets-"));
  writeFileSync(
    join(root, "compose.yml"),
    `services: { db: { image: x, secrets: [password, cert] } }
secrets: { password: { environment: DB_PASSWORD }, cert: { file: ./cert } }
`,
  );
  writeFileSync(join(root, "cert"), "");
});
afterEach(() => rmSync(root, { recursive: true }));

const print = ["sh", "-c", "echo run >>runs; echo hunter2"];

/** On a parent that cannot be reached: whoever asks it gets another error. */
function open(secrets: readonly { readonly id: string; readonly command: readonly string[] }[], env = {}) {
  const composes = [{ path: join(root, "compose.yml"), profiles: [], secrets }];
  const docker = { images: [], composes, registryUrl: undefined };
  const repo = { name: "shop", root, settingsFile: "settings.toml", docker } as unknown as Repo;
  const host = { id: "pepper", handle: "pepper", ip: "127.0.0.1", dockerCapable: true, roles: [], docker: {}, ssh: {} };
  const data = { name: "lab", hosts: [host as unknown as HostData], links: [], notes: [] };
  const { PATH } = process.env;
  return { repo, lab: new Lab({ data, repos: [repo], env: { PATH, ...env }, home: root }) };
}

async function fill({ repo, lab }: ReturnType<typeof open>) {
  const [part] = await fillSecrets(await readParts(repo, lab, {}), lab, undefined);
  return part?.stack.files;
}

const runs = () => readFileSync(join(root, "runs"), "utf8");

test("a command of the settings prints the variable of a secret, once for a lab, and it is redacted as others are", async () => {
  const shop = open([{ id: "password", command: print }]);
  const files = await fill(shop);
  expect(files?.environment).toEqual({ DB_PASSWORD: "hunter2" });
  expect(files?.secretValues.map((secret) => secret.reveal())).toEqual(["hunter2"]);
  await fill(shop);
  expect(runs()).toBe("run\n");
});

test("a variable of the user's environment goes before, and no command runs", async () => {
  const files = await fill(open([{ id: "password", command: print }], { DB_PASSWORD: "mine" }));
  expect(files?.environment).toEqual({ DB_PASSWORD: "mine" });
  expect(runs).toThrow("ENOENT");
});

test.each([
  [
    "a command that fails",
    { id: "password", command: ["sh", "-c", "echo sealed >&2; exit 3"] },
    "COMPOSE_SECRET_MISSING",
    /^bringing otto-shop-\w+ up: the secret password: 'sh' '-c' 'echo sealed >&2; exit 3': exit code 3: sealed$/,
  ],
  [
    "a secret of a file",
    { id: "cert", command: print },
    "COMPOSE_SECRET_UNKNOWN",
    /declares a secret cert with environment$/,
  ],
])("%s ends an up before the parent is asked anything", async (_what, secret, code, message) => {
  const { repo, lab } = open([secret]);
  const failing = composeUp(repo, lab);
  await expect(failing).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  expect(runs).toThrow("ENOENT");
});
