import { isPrintable } from "@otto/errors";
import { z } from "zod";

/** What is shown, compared and typed: a name that a terminal would obey, or show as another one, is refused. */
export const name = z
  .string()
  .min(1, "must not be empty")
  .refine(isPrintable, "must not hold control characters, line separators or marks that reorder text");

export const names = z.array(name);
