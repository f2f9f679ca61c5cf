import { expect, test } from "vitest";
import { type ContainerReport, createReport } from "./container-report.js";
import { formatReason, formatStackFailure, type ServiceFailure } from "./failure-text.js";

const failure = (because: string, container: Partial<ContainerReport> = {}): ServiceFailure => ({
  service: "db",
  because,
  container: {
    ...createReport(
      { service: "db", name: "p-db-1", state: "exited", exitCode: 3, restarts: 0 } as never,
      undefined,
      "",
    ),
    ...container,
  },
});
const text = (one: ServiceFailure) => [formatReason(one), ...formatStackFailure({ failed: [one], waiting: [] })];

test("a program that ended: its exit code, restarts and last lines", () => {
  expect(text(failure("it exited with 3", { restarts: 2, logs: "one\ntwo" }))).toEqual([
    "it exited with 3",
    "  db: exited (3), restarted 2 times",
    "    last log lines:",
    "    | one",
    "    | two",
  ]);
});

test("an exit code that has a meaning says it", () => {
  const killed = { exitCode: 137, isOutOfMemory: true, memoryLimit: 16 << 20 };
  expect(text(failure("it exited with 137", killed))).toEqual([
    "it exited with 137 (out of memory, its limit is 16 MiB)",
    "  db: exited (137), out of memory, its limit is 16 MiB",
    "    it logged nothing",
  ]);
  expect(text(failure("it exited with 139", { exitCode: 139 }))[0]).toBe("it exited with 139 (killed by SIGSEGV)");
  expect(text(failure("it exited with 127", { exitCode: 127 }))[0]).toBe("it exited with 127 (command not found)");
  expect(text(failure("it exited with 255", { exitCode: 255 }))[0]).toBe("it exited with 255");
});

test("a health check: its command, its exit code and what it wrote", () => {
  const probe = { command: "pg_isready -q", exitCode: 7, output: "no database\nsecond" };
  expect(
    text(failure("its health check fails", { state: "running", health: "unhealthy", exitCode: 0, probe })),
  ).toEqual([
    "its health check fails: no database",
    "  db: unhealthy",
    "    health check: pg_isready -q (exit code 7): no database",
    "    | second",
    "    it logged nothing",
  ]);
});

test("what the engine could not start: its reason without the runtime's words around it", () => {
  const startError =
    'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/no-such": stat /no-such: no such file or directory: unknown';
  expect(text(failure("the engine cannot start it", { state: "created", exitCode: 127, startError }))).toEqual([
    'the engine cannot start it: exec: "/no-such": stat /no-such: no such file or directory',
    '  db: created, exec: "/no-such": stat /no-such: no such file or directory',
    "    it logged nothing",
  ]);
});

test("services that wait come last, and say for which", () => {
  const failed = [failure("it exited with 3")];
  const waiting = [{ service: "web", for: ["db", "cache"] }];
  expect(formatStackFailure({ failed, waiting }).at(-1)).toBe("  web: waits for db and cache");
});
