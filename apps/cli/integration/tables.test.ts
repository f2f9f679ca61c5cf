import { afterAll, beforeAll, expect, test } from "vitest";
import { runOtto } from "./otto-process.js";
import { TestTerminal } from "./terminal.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

let repo: TestRepo;
beforeAll(async () => {
  repo = await createTestRepo();
});
afterAll(() => repo[Symbol.asyncDispose]());

/** The lines of a table on a terminal. */
async function shownLines(argv: readonly string[], columns: number): Promise<readonly string[]> {
  await using terminal = await TestTerminal.open(repo.place, argv, { columns, rows: 24 });
  expect((await terminal.finished()).exitCode).toBe(0);
  return Buffer.from(terminal.screen, "latin1").toString().trimEnd().split("\r\n");
}

test("the containers fit a narrow terminal, and a program gets them whole", async () => {
  expect((await runOtto(repo.place, ["docker", "up", "--quiet"])).exitCode).toBe(0);
  const { stdout } = await runOtto(repo.place, ["docker", "ps", "--all-stacks", "--on", "local"]);
  expect(stdout).toMatch(new RegExp(`^local +${repo.project}-api-1 +${repo.name}-api:latest +Up .*$`, "m"));
  const lines = await shownLines(["docker", "ps", "--all-stacks", "--on", "local"], 60);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^local +otto-${repo.name.slice(0, 4)}.*… .*… .*Up`)));
});

test("the hosts fit a narrow terminal, with their ids whole", async () => {
  const lines = await shownLines(["--list-hosts"], 50);
  expect(lines).toContainEqual(
    expect.stringMatching(new RegExp(`^local\\.${repo.name}\\.api +container +api of ot.*…$`)),
  );
  expect(Math.max(...lines.map((line) => line.length))).toBe(50);
});
