import { expect, test } from "vitest";
import { errnoOf, fileChanged, isMissing, unreadable } from "./fs-error.js";

const failure = (code: string) => Object.assign(new Error(`${code}: no`), { code });

test.each([
  [failure("ENOENT"), true],
  [failure("ENOTDIR"), true],
  [failure("EACCES"), false],
  [new Error("ENOENT"), false],
  [{ code: "ENOENT" }, false],
])("%j says that nothing is there: %s", (error, missing) => {
  expect(isMissing(error)).toBe(missing);
});

test("only an error has a number", () => {
  expect([errnoOf(failure("EIO")), errnoOf("EIO")]).toEqual(["EIO", undefined]);
});

test("what cannot be read or changes is named as it can be shown, with what to do", () => {
  const cause = failure("EACCES");
  expect(unreadable("a\udcff", cause)).toMatchObject({
    code: "CONTEXT_UNREADABLE",
    message: expect.stringMatching(/^reading "a\ufffd" of the build context: ./) as string,
    hint: expect.stringContaining("ignore file") as string,
    details: { path: "a\ufffd" },
    cause,
  });
  expect(fileChanged("a", "it grew", cause)).toMatchObject({
    code: "CONTEXT_FILE_CHANGED",
    message: 'reading "a" of the build context: it grew',
    hint: expect.stringContaining("ignore file") as string,
    details: { path: "a" },
    cause,
  });
});
