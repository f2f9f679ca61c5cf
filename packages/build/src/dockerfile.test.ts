import { expect, test } from "vitest";
import { findFrontend, readInstructions } from "./dockerfile.js";

// What the engine makes of such texts is asked in integration/dockerfile.test.ts.
test.each<[string, string[]]>([
  ["from a\n\tRUN b \\\n  # c\n\n   d\nRUN e", ["1 FROM a", "2 RUN b    d", "6 RUN e"]],
  ["RUN a \\", ["1 RUN a"]],
  ["RUN a\\\\\nRUN b", ["1 RUN a\\\\", "2 RUN b"]],
  ["# escape=`\r\nRUN a `\r\n b\r\nRUN c\\\r\n", ["2 RUN a  b", "4 RUN c\\"]],
  ["RUN <<A cat <<-'B C'\nx\nA\ny\n\tB C\nRUN b", ["1 RUN <<A cat <<-'B C'", "6 RUN b"]],
  ['RUN 3<<"E"\\F\nx\nEF\nRUN b', ['1 RUN 3<<"E"\\F', "4 RUN b"]],
  ['RUN --x ["<<A"]\nB\nA', ['1 RUN --x ["<<A"]', "2 B ", "3 A "]],
  ["ONBUILD ADD <<A /\nx\nA\nONBUILD ENV A=<<A\nB", ["1 ONBUILD ADD <<A /", "4 ONBUILD ENV A=<<A", "5 B "]],
  ["RUN <<A\nx", ["1 RUN <<A"]],
])("%j is %j", (dockerfile, instructions) => {
  expect(readInstructions(dockerfile).map(({ line, keyword, rest }) => `${line} ${keyword} ${rest}`)).toEqual(
    instructions,
  );
});

test.each([
  ["\ufeff#syntax=a\n", { value: "a", line: 1 }],
  ["#!/bin/x\n# escape=`\n# Syntax = a b\n", { value: "a", line: 3 }],
  ["// syntax=a\n", { value: "a", line: 1 }],
  ["# words\n# syntax=a\n", undefined],
  ["# other=1\n# syntax=a\n", undefined],
  ["FROM a\n# syntax=a\n", undefined],
])("the frontend of %j is %j", (dockerfile, frontend) => {
  expect(findFrontend(dockerfile)).toEqual(frontend);
});
