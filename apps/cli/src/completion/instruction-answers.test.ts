import type { OptionOutline } from "@otto/instructions";
import { expect, test } from "vitest";
import { completeOptions } from "./instruction-answers.js";

const plain = { choices: [], isOn: false };
const options: readonly OptionOutline[] = [
  { ...plain, name: "stage", type: "string", choices: ["dev", "staging"] },
  { ...plain, name: "maxTimes", type: "number" },
  { ...plain, name: "checks", type: "boolean", isOn: true },
];

const flags = "--stage --max-times --checks --no-checks --help";

test.each<[string, string]>([
  ["smoke ", ""],
  ["smoke -", flags],
  ["smoke --stage ", "dev staging"],
  ["smoke --stage -", "dev staging"],
  ["smoke --stage=d", "--stage=dev --stage=staging"],
  ["smoke --stage dev ", ""],
  ["smoke --stage dev -", flags],
  ["smoke --stage dev --stage ", "dev staging"],
  ["smoke --stage --stage ", ""],
  ["smoke --repo shop --stage ", "dev staging"],
  ["smoke --max-times ", ""],
  ["smoke --max-times --stage", ""],
  ["smoke --max-times=", ""],
  ["smoke --checks ", ""],
  ["smoke --checks --stage ", "dev staging"],
  ["smoke -- --stage ", "dev staging"],
  ["smoke --unknown ", ""],
])("behind %j can stand %j", (line, expected) => {
  const words = line.split(" ");
  const found = completeOptions(options, { typed: words.at(-1) ?? "", before: words.slice(0, -1) });
  expect(found.map(({ value }) => value).join(" ")).toBe(expected);
});
