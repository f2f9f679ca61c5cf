import { expect, test } from "vitest";
import type { BuildProgress } from "./build-options.js";
import { TarBuildLog } from "./tar-build-log.js";

function follow(streams: readonly string[]) {
  const told: string[] = [];
  const log = new TarBuildLog((progress: BuildProgress) => {
    if (progress.type === "step") told.push(`${progress.state} ${progress.step}`);
    if (progress.type === "output") told.push(`says ${progress.text.trimEnd()}`);
  });
  for (const stream of streams) log.follow({ stream });
  return { log, told };
}

/** Docker 26.1.5 */
const docker = [
  ...["Step 1/3 : FROM scratch", "\n", " ---> \n", "Step 2/3 : COPY a /", "\n", " ---> Using cache\n"],
  ...[" ---> c5080ad2177d\n", "Step 3/3 : RUN echo hi; exit 4", "\n", " ---> Running in 23ca3ff9f95d\n", "hi", "\n"],
];

/** Podman 4.3.1 */
const podman = [
  ...["STEP 1/3: FROM scratch\n", "STEP 2/3: COPY a /\n"],
  "--> Using cache 84792c66aa59692a75ac8bcd43166264ae91813cac52e6ad0001c4003e939802\n",
  ...["--> 84792c66aa5\n", "STEP 3/3: RUN echo hi; exit 4\n", "hi\n"],
];

test.each([
  ["Docker", docker, "The command '/bin/sh -c echo hi; exit 4' returned a non-zero code: 4"],
  ["Podman", podman, 'building at STEP "RUN echo hi; exit 4": while running runtime: exit status 4\n'],
])("the steps of %s's builder are told, and how the last one failed", (_, streams, error) => {
  const { log, told } = follow(streams);
  expect(told).toEqual([
    "started [1/3] FROM scratch",
    "done [1/3] FROM scratch",
    "started [2/3] COPY a /",
    "cached [2/3] COPY a /",
    "started [3/3] RUN echo hi; exit 4",
    "says hi",
  ]);
  expect(log.failure({ error })).toEqual({
    message: error.trim(),
    step: "[3/3] RUN echo hi; exit 4",
    output: "hi\n",
    exitCode: 4,
  });
  expect(told.at(-1)).toBe("failed [3/3] RUN echo hi; exit 4");
});

test("a step of one of several stages has the stage in its name", () => {
  const { log, told } = follow(["[2/2] STEP 2/4: COPY a /\n"]);
  log.end();
  expect(told).toEqual(["started [stage-1 2/4] COPY a /", "done [stage-1 2/4] COPY a /"]);
});

test("of a long output the end is kept", () => {
  const { log } = follow(["Step 1/1 : RUN seq\n", ...Array.from({ length: 20_000 }, (_, n) => `line ${n}\n`)]);
  const { output } = log.failure({ error: "no" });
  expect(output.length).toBeLessThan(100_000);
  expect(output.endsWith("line 19999\n")).toBe(true);
});
