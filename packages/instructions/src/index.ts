export { type DiscoverOptions, discoverInstructions, type FoundInstruction, findInstruction } from "./discovery.js";
export {
  exitCodeOfResult,
  type Instruction,
  type InstructionContext,
  type InstructionDefinition,
  type InstructionLog,
  instruction,
  isInstruction,
} from "./instruction.js";
export {
  describeOption,
  type InstructionOption,
  type InstructionOptions,
  type OptionValues,
  optionFlag,
} from "./option.js";
export { type GivenOptions, readOptionValues } from "./option-values.js";
export { type InstructionOutline, type OptionOutline, outlineInstructions } from "./outline.js";
export { instructionFailed, type RunInstructionOptions, runInstruction } from "./run.js";
