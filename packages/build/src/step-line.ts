import { type Instruction, readInstructions } from "./dockerfile.js";

/** What a builder counts as steps: BuildKit what makes layers, others every instruction. */
export type CountedSteps = "layers" | "instructions";

const layers: ReadonlySet<string> = new Set(["RUN", "COPY", "ADD", "WORKDIR"]);

/**
 * The line of the Dockerfile that a step is made from.
 * @param step as builders name it: `[2/3] RUN make`, `[stage-1 2/3] RUN make`, `[linux/arm64 tools 2/3] RUN make`
 * @returns undefined where the name does not say, as with a base image's own triggers
 */
export function findStepLine(dockerfile: string, step: string, counted: CountedSteps): number | undefined {
  const [, label = "", place, total, keyword = ""] = /^\[(?:(.*) )?(\d+)\/(\d+)\] (\S+)/.exec(step) ?? [];
  if (place === undefined) return undefined;
  const instructions = readInstructions(dockerfile);
  const own = counted === "instructions" && label === "" ? instructions : findStage(instructions, label);
  const steps = own.filter((instruction) => counted === "instructions" || layers.has(instruction.keyword));
  // BuildKit counts a stage's FROM where it is an image, and not where it is another stage or nothing.
  const before = counted === "layers" ? Number(total) - steps.length : 0;
  if (before < 0 || before > 1) return undefined;
  const found = before === 1 && place === "1" ? own[0] : steps[Number(place) - before - 1];
  return found?.keyword === keyword.toUpperCase() ? found.line : undefined;
}

/** A stage's instructions, its FROM first. Without a name there is one stage, or BuildKit builds only the last. */
function findStage(instructions: readonly Instruction[], label: string): readonly Instruction[] {
  const name = label.split(" ").at(-1) ?? "";
  const stages: Instruction[][] = [];
  for (const instruction of instructions) {
    if (instruction.keyword === "FROM") stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  const [, number] = /^stage-(\d+)$/.exec(name) ?? [];
  const named = stages.find(([from]) => / as (\S+)$/i.exec(from?.rest ?? "")?.[1]?.toLowerCase() === name);
  if (named !== undefined) return named;
  if (number !== undefined) return stages[Number(number)] ?? [];
  return stages.length === 1 ? (stages[0] ?? []) : [];
}
