import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type LabKind, labKinds, secondEngineSocket } from "@otto/lab";
import { expect, test } from "vitest";
import { readFaults, readResults, readTableFile, repoRoot } from "./files.js";
import { suites } from "./results.js";
import { findTable, formatTable, replaceTable } from "./table.js";

const kinds = { stock: { what: "as it is" }, podman: { what: "Podman" } };
const results = {
  stock: { hosts: { date: "", passed: 9, failed: [] } },
  podman: { hosts: { date: "", passed: 7, failed: ["logs come", "logs go", "else"] } },
};

test("the table shows counts, what was not run, and why what is red is red", () => {
  const faults = [{ kind: "podman", suite: "hosts", tests: "^logs", fault: "Podman keeps no logs" }] as const;
  expect(formatTable(kinds, results, faults)).toBe(`| world | what it is | hosts | docker | cli |
| --- | --- | --- | --- | --- |
| \`stock\` | as it is | 9 passed | not run | not run |
| \`podman\` | Podman | **3 failed**, 7 passed | not run | not run |

- \`podman\`, hosts, 2 tests: Podman keeps no logs
- podman, hosts: failed, and no known fault: else`);
});

test("the table goes between its marks", () => {
  const text = replaceTable(readTableFile(), "| a |");
  expect(findTable(text)).toBe("| a |");
  expect(replaceTable(text, findTable(readTableFile()))).toBe(readTableFile());
  expect(() => replaceTable("no marks", "| a |")).toThrow("no <!-- worlds");
});

// The formatter may align what is in a table.
const cells = (table: string) => table.replace(/ +/g, " ").replace(/-{3,}/g, "---");

test("the table in CONTRIBUTING.md is that of the results and the known faults", () => {
  expect(cells(findTable(readTableFile()))).toBe(cells(formatTable(labKinds, readResults(), readFaults())));
});

test("results and faults are of worlds and suites that there are", () => {
  const found = [
    ...Object.keys(readResults()),
    ...readFaults().map(({ kind }) => kind),
    ...Object.values(readResults()).flatMap((row) => Object.keys(row)),
    ...readFaults().map(({ suite }) => suite),
  ];
  const known = [...Object.keys(labKinds), ...Object.keys(suites)];
  expect(found.filter((name) => !known.includes(name))).toEqual([]);
});

test("each world but the stock one differs by its hosts or by its script, and each script is of a world", () => {
  const scripts = readdirSync(join(repoRoot, "tooling/world-kinds")).map((name) => name.replace(/\.sh$/, ""));
  const byHosts = Object.entries<LabKind>(labKinds).filter(([, kind]) => kind.host ?? kind.nearest);
  expect([...new Set([...scripts, ...byHosts.map(([name]) => name)])].toSorted()).toEqual(
    Object.keys(labKinds)
      .filter((name) => name !== "stock")
      .toSorted(),
  );
});

test("the nightly workflow runs every world", () => {
  const workflow = readFileSync(join(repoRoot, ".github/workflows/worlds.yml"), "utf8");
  expect(/kind: \[(.*)\]/.exec(workflow)?.[1]?.split(", ")).toEqual(Object.keys(labKinds));
});

test("the lab and the world name the same second engine", () => {
  const script = readFileSync(join(repoRoot, "tooling/world-kinds/second-engine.sh"), "utf8");
  expect(script).toContain(`DOCKER_HOST=unix://${secondEngineSocket}\n`);
});

test("the suites are there", () => {
  for (const folder of Object.values(suites)) expect(existsSync(join(repoRoot, folder, "integration"))).toBe(true);
});
