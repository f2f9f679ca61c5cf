import { expect, test } from "vitest";
import { formatFinding } from "./doctor.js";

test("what is well is one line, and so is what is not, with what to do", () => {
  expect(formatFinding({ machine: "box", check: "tcp", status: "ok", text: "answers" })).toBe(
    "box               tcp         ok           answers",
  );
  const failed = { status: "failed", code: "DOCTOR_X", hint: "Do this.", text: "two\nlines" } as const;
  expect(formatFinding({ machine: "box", check: "host-key", ...failed })).toBe(
    "box               host-key    failed       two lines [DOCTOR_X] → Do this.",
  );
  expect(formatFinding({ machine: "box", check: "login", status: "not-reached", text: "not looked at" })).toBe(
    "box               login       not reached  not looked at",
  );
});
