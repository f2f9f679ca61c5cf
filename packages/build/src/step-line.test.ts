import { expect, test } from "vitest";
import { findStepLine } from "./step-line.js";

const twoStages = `# syntax=docker/dockerfile:1
ARG BASE=alpine
FROM $BASE AS Tools
RUN a \\
  # why
  && b

RUN <<EOF
RUN c
EOF
WORKDIR /x
FROM scratch
ENV A=1
COPY --from=Tools /x /
RUN d
`;

test.each([
  ["[tools 1/4] FROM docker.io/library/alpine", "layers", 3],
  ["[tools 2/4] RUN a   && b", "layers", 4],
  ["[linux/arm64 tools 3/4] RUN <<EOF", "layers", 8],
  ["[tools 4/4] WORKDIR /x", "layers", 11],
  ["[stage-1 1/2] COPY --from=Tools /x /", "layers", 14],
  ["[stage-1 2/2] RUN d", "layers", 15],
  ["[stage-1 2/2] COPY d", "layers", undefined],
  ["[stage-1 2/5] RUN d", "layers", undefined],
  ["[internal] load metadata for alpine", "layers", undefined],
  ["[1/9] ARG BASE=alpine", "instructions", 2],
  ["[4/9] RUN <<EOF", "instructions", 8],
  ["[9/9] RUN d", "instructions", 15],
  ["[stage-1 3/4] COPY --from=Tools /x /", "instructions", 14],
] as const)("%s by %s is line %s", (step, counted, line) => {
  expect(findStepLine(twoStages, step, counted)).toBe(line);
});

test("the only stage has no name", () => {
  expect(findStepLine("FROM scratch\r\nCOPY a /\r\nRUN b\r\n", "[2/2] RUN b", "layers")).toBe(3);
});

test("the escape character may be another", () => {
  expect(findStepLine("# escape=`\nFROM scratch\nCOPY a `\n  /\nRUN b\n", "[2/2] RUN b", "layers")).toBe(5);
});
