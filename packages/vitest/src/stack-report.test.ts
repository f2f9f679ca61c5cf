import { expect, test } from "vitest";
import {
  type ContainerReport,
  describeStack,
  explainByStack,
  formatStackReport,
  type StackReport,
} from "./stack-report.js";

const api: Omit<ContainerReport, "logs"> = {
  service: "api",
  name: "p-api-1",
  state: "exited",
  exitCode: 137,
  isOutOfMemory: true,
  isFailing: true,
};
const web: Omit<ContainerReport, "logs"> = {
  service: "web",
  name: "p-web-1",
  state: "healthy",
  isOutOfMemory: false,
  isFailing: false,
};
const report: StackReport = {
  project: "p",
  parent: "local",
  containers: [
    { ...api, logs: "one\ntwo\nthree" },
    { ...web, logs: "" },
  ],
};
const stack = { project: "p", report: async () => report };

test("a report shows each container's state and the end of its logs", () => {
  expect(formatStackReport(report, 2)).toBe(`the stack p on local:
api (p-api-1): exited (137), out of memory
  | two
  | three
web (p-web-1): healthy`);
  expect(formatStackReport({ ...report, containers: [] })).toMatch(/it has no containers$/);
});

test("an error without a cause gets the report as its cause", async () => {
  const plain = new Error("x");
  const caused = new Error("x", { cause: "y" });
  for (const error of [plain, caused, "text"]) await explainByStack(error, stack);
  expect(plain.cause).toMatchObject({ name: "StackReport", message: formatStackReport(report) });
  expect(caused.cause).toBe("y");
});

test("a stack that cannot be looked at is told so", async () => {
  const lost = { project: "p", report: () => Promise.reject(new Error("no route")) };
  expect(await describeStack(lost)).toEqual({ text: "the stack p could not be looked at: no route" });
});

test("a report whose files cannot be written is a report all the same", async () => {
  const drawn = { ...stack, graph: () => Promise.reject(new Error("no route")) };
  expect(await describeStack(drawn, { directory: "/nowhere", test: "t" })).toEqual({
    text: `${formatStackReport(report)}\nits graph and logs could not be written: no route`,
    report,
  });
});

test("names and states that a terminal would obey are shown as escapes", () => {
  const odd = { ...api, service: "a\u001b[2J", name: "b\u202e\nc", logs: "fine" };
  expect(formatStackReport({ ...report, containers: [odd] })).toBe(`the stack p on local:
a\\u001b[2J (b\\u202e\\u000ac): exited (137), out of memory
  | fine`);
});
