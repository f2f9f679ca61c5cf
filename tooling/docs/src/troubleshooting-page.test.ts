import { expect, test } from "vitest";
import { formatTroubleshooting } from "./troubleshooting-page.js";

const error = { code: "DISK_FULL", cause: "nothing is free", cure: "Make room" };
const sections = [{ packageName: "@otto/x", link: "../packages/x", errors: [error] }];

test("a symptom has its messages, its first step, and the cause and cure of each code", () => {
  const symptom = { symptom: "The disk is full", seen: ["ENOSPC"], first: "Look.", codes: ["DISK_FULL"] };
  expect(formatTroubleshooting([symptom], sections)).toContain(
    "\n## The disk is full\n\nYou see `ENOSPC`.\n\nLook.\n\n- [DISK_FULL](errors.md#disk_full): Nothing is free. **Cure:** Make room.\n",
  );
});

test("a code that no package has is refused", () => {
  const symptom = { symptom: "A riddle", seen: ["?"], codes: ["GONE"] };
  expect(() => formatTroubleshooting([symptom], sections)).toThrow("GONE");
});
