import { OttoError } from "@otto/errors";
import { openStack, type SuiteStack, type SuiteStackOptions } from "./suite-stack.js";
import { wholeError } from "./whole-error.js";

// The only thing that a global set-up and the workers of any pool share is the environment.
const variable = "OTTO_HELD_STACKS";

/**
 * A global set-up that holds a stack from the first test of a run to the last: `export default holdStack()` in a file that
 * `globalSetup` names. In watch mode it is held until vitest ends.
 * @throws (the set-up) OttoError what `openStack` throws
 */
export function holdStack(options: SuiteStackOptions = {}): () => Promise<() => Promise<void>> {
  return async () => {
    const stack = await openStack(options).catch((error: unknown) => {
      throw wholeError(error);
    });
    process.env[variable] = [...heldProjects(), stack.project].join(" ");
    return async () => stack[Symbol.asyncDispose]();
  };
}

/**
 * Leaves a stack that nothing holds for the run.
 * @throws OttoError `VITEST_STACK_NOT_HELD`
 */
export async function requireHeld(stack: Pick<SuiteStack, "project"> & AsyncDisposable): Promise<void> {
  const { project } = stack;
  if (heldProjects().includes(project)) return;
  await stack[Symbol.asyncDispose]();
  throw new OttoError("VITEST_STACK_NOT_HELD", `using the stack ${project} for the whole run: nothing holds it`, {
    hint: "Name a file in globalSetup of the vitest config that says: export default holdStack();",
    details: { project },
  });
}

function heldProjects(): string[] {
  return (process.env[variable] ?? "").split(" ").filter((project) => project !== "");
}
