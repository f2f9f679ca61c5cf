import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ComposeProject, LocalResource } from "@otto/compose-files";
import { Secret } from "@otto/errors";
import { expect, onTestFinished, test } from "vitest";
import { createStackRedactor } from "./stack-redactor.js";

const empty: Omit<ComposeProject, "resources" | "secretValues"> = {
  secretVariables: new Map(),
  name: undefined,
  profiles: [],
  services: [],
  rewritten: [],
  commandFiles: [],
  projectDirectory: "repo",
  envFiles: [],
  environment: {},
  contentVariables: new Map(),
  topology: { services: new Map(), networks: [], volumes: [] },
  madeDirectories: [],
  warnings: [],
};

test("a stack's secrets are taken out, those of files and of variables; one that is gone is no error", async () => {
  const directory = await mkdtemp(join(tmpdir(), "otto-stack-redactor-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const resource = (name: string, kind: LocalResource["kind"]): LocalResource => ({
    localPath: join(directory, name),
    remotePath: `repo/${name}`,
    kind,
    entry: "file",
    required: true,
    reference: "",
  });
  for (const name of ["token", "config", "large"]) await writeFile(join(directory, name), `word-of-${name}\n`);
  await writeFile(join(directory, "large"), Buffer.alloc(600_000, "x"));
  const resources = [
    ...["token", "gone", "large"].map((name) => resource(name, "secret")),
    resource("config", "config"),
  ];
  const files = { ...empty, resources, secretValues: [new Secret("from-env")] };
  const redactor = await createStackRedactor({ files })();
  expect(redactor.redact("word-of-token word-of-config from-env")).toBe("[redacted] word-of-config [redacted]");
});
