import { z } from "zod";

/**
 * A string, number or boolean of a settings file, as the string that Docker gets: `8080`, `1.0`, `true`. Parsers give
 * whole numbers as `bigint`, so a `number` was written with a point or an exponent.
 */
export const scalar = z.union([z.string(), z.bigint(), z.number(), z.boolean()]).transform(formatScalar);

function formatScalar(value: string | bigint | number | boolean): string {
  return typeof value === "number" && Number.isInteger(value) ? value.toFixed(1) : String(value);
}
