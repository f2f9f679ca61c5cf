import { holdStack } from "@otto/vitest";

export default holdStack();
