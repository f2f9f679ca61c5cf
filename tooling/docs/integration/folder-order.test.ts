import { readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { globSync } from "tinyglobby";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../../..");

/** The folders of a package's sources and then the files beside them, in the order in which a call enters them, from its last. */
const orders: Readonly<Record<string, readonly string[]>> = {
  "compose-files": ["project", "text", "disk", "model", "paths", "ship", "read-project", "index"],
  compose: [
    ...["declared", "session", "observed", "events", "desired", "plan", "failure", "execute", "lease"],
    ...[
      "service-actions",
      "stack-queries",
      "pull-stack",
      "one-off",
      "stack-failure",
      "preview",
      "down",
      "converge",
      "up",
      "lease-stack",
      "index",
    ],
  ],
  config: [
    "command",
    "document",
    "repo",
    "lab",
    "on-choice",
    "parent-plan",
    "placement-plan",
    "schema-descriptions",
    "json-schema",
    "index",
  ],
  engine: ["connection", "containers", "images", "swarm", "build", "buildkit", "engine", "index"],
  hosts: [
    "process",
    "shell",
    "files",
    "forward",
    "compose",
    "logs",
    "parent",
    "lock",
    "faults",
    "container",
    "parent-log",
    "reservation",
    "index",
  ],
  "ssh2-streamer": [
    ...["local", "lists", "host-keys", "route", "login", "command", "transport", "ssh2", "openssh", "choice"],
    ...["schedule", "process", "hop", "keep"],
    ...["session", "index"],
  ],
};

test.each(Object.entries(orders))("each folder of %s imports only those before it, types too", (name, order) => {
  const src = join(root, "packages", name, "src");
  const paths = globSync("**/*.ts", { cwd: src, ignore: ["**/*.test.ts", "**/*.d.ts"] });
  const files = paths.map((path) => path.slice(0, -".ts".length));
  const rank = (file: string) => order.indexOf(file.split("/")[0] ?? "");
  const upward = files.flatMap((file) => {
    const text = readFileSync(join(src, `${file}.ts`), "utf8");
    const imported = [...text.matchAll(/"(\.\.?\/[^"]+)\.js"/g)].map(([, path = ""]) =>
      posix.join(posix.dirname(file), path),
    );
    return imported.filter((other) => rank(other) > rank(file)).map((other) => `${file} > ${other}`);
  });
  expect(new Set(files.map((file) => file.split("/")[0]))).toEqual(new Set(order));
  expect(upward).toEqual([]);
});
