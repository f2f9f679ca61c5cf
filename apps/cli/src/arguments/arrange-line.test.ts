import { expect, test } from "vitest";
import { createProgram } from "../program/program.js";
import { arrangeLine } from "./arrange-line.js";

const program = createProgram("1", () => {}, { writeOut: () => {}, writeErr: () => {} });

test.each([
  // Verbs of `docker`, in all their forms.
  ["up", "docker up"],
  ["compose up", "docker up"],
  ["docker compose up", "docker up"],
  ["compose", "docker"],
  ["logs web -f", "docker logs web -f"],
  // Those of `otto` stay its own.
  ["run api", "run api"],
  ["test a.ts", "test a.ts"],
  // Options anywhere.
  ["--on parent docker up", "docker up --on parent"],
  ["docker --on=parent up", "docker up --on=parent"],
  ["--profile a up --lab b", "--lab b docker up --profile a"],
  ["docker up --json", "--json docker up"],
  ["docker --lab a up -n", "--lab a -n docker up"],
  ["docker --list-hosts --json", "--list-hosts --json docker"],
  ["--lab host docker up", "--lab host docker up"],
  ["--lab=host up", "--lab=host docker up"],
  ["up --foo x", "docker up --foo x"],
  ["logs -- --json", "docker logs -- --json"],
  ["completion bash -- up --json", "completion bash -- up --json"],
  // Both orders of `host`.
  ["host web exec ls", "host exec -- web ls"],
  ["host exec web ls", "host exec -- web ls"],
  ["host exec exec ls", "host exec -- exec ls"],
  ["host logs exec ls", "host exec -- logs ls"],
  ["host web exec -- ls -l", "host exec -- web ls -l"],
  ["host exec web -- ls -l", "host exec -- web ls -l"],
  ["host exec -- web ls -l", "host exec -- web ls -l"],
  ["host web exec ls -l --json", "host exec -- web ls -l --json"],
  ["host exec --user root web ls --user x", "host exec --user root -- web ls --user x"],
  ["host web exec --user root ls --user x", "host exec --user root -- web ls --user x"],
  ["host web exec --user=root ls", "host exec --user=root -- web ls"],
  ["host --user root web exec ls", "host exec --user root -- web ls"],
  ["--lab a --json host web exec -n ls", "--lab a --json -n host exec -- web ls"],
  ["host --json web run ls", "--json host run -- web ls"],
  ["host web exec -- sh -c x -- y", "host exec -- web sh -c x -- y"],
  ["host web exec sh -- y", "host exec -- web sh -- y"],
  ["host web exec", "host exec -- web"],
  ["host web exec --help", "host exec --help -- web"],
  ["host web exec --env", "host exec --env -- web"],
  ["host web put a b --mode 640", "host put web a b --mode 640"],
  ["host put web a b --mode 640", "host put web a b --mode 640"],
  ["--lab a host web put -- -a b", "--lab a host put web -- -a b"],
  ["host web", "host web"],
  ["host --help", "host --help"],
  // An instruction's own help.
  ["run smoke --times 3 --help", "run smoke --times 3 -- --help"],
  ["--lab run run --repo a smoke -h", "--lab run run --repo a smoke -- -h"],
  ["run smoke --times 3 --json", "--json run smoke --times 3"],
  ["run --help", "run --help"],
  ["run smoke -- --help", "run smoke -- --help"],
  ["", ""],
])("%j is read as %j", (given, expected) => {
  expect(arrangeLine(program, given.split(" ").filter(Boolean)).join(" ")).toBe(expected);
});
