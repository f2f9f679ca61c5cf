import { expect, test } from "vitest";
import { quoteInstruction } from "./dockerfile-excerpt.js";

const text = `FROM scratch
COPY root /
RUN echo one

RUN echo before; \\
  # a comment does not end it
  exit 3
CMD ["sleep"]
RUN <<EOF
exit 4
EOF
USER nobody`;

test("all lines of an instruction are marked, with those around it", () => {
  expect(quoteInstruction("docker/Dockerfile", text, 5)).toBe(`docker/Dockerfile:5
--------------------
   4 |
   5 | >>> RUN echo before; \\
   6 | >>>   # a comment does not end it
   7 | >>>   exit 3
   8 |     CMD ["sleep"]
--------------------`);
});

test.each([
  [1, [1]],
  [2, [2]],
  [9, [9, 10, 11]],
  [12, [12]],
])("the instruction of line %i is lines %j", (line, marked) => {
  const shown = [...quoteInstruction("Dockerfile", text, line).matchAll(/^ *(\d+) \| >>>/gm)].map(([, it]) =>
    Number(it),
  );
  expect(shown).toEqual(marked);
});

test("another escape character continues lines, and a line that is not there is no excerpt", () => {
  const windows = "# escape=`\nFROM a\nRUN b `\n c\n";
  expect(quoteInstruction("D", windows, 3)).toContain("   4 | >>>  c");
  expect(quoteInstruction("D", text, 99)).toBe("");
});

test("what a terminal would obey is not quoted", () => {
  expect(quoteInstruction("D\u001b[2J", "RUN \u001b[2J", 1)).not.toContain("\u001b");
});
