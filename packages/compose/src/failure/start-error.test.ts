import { expect, test } from "vitest";
import { findUnfinished, unwrapStartError } from "./start-error.js";

test.each([
  [
    "unable to find user nosuch: no matching entries in passwd file",
    "unable to find user nosuch: no matching entries in passwd file",
  ],
  [
    "driver failed programming external connectivity on endpoint p-a-1 (25011ce6): Error starting userland proxy: listen tcp4 0.0.0.0:8099: bind: address already in use",
    "Error starting userland proxy: listen tcp4 0.0.0.0:8099: bind: address already in use",
  ],
  [
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "curl": executable file not found in $PATH: unknown',
    'exec: "curl": executable file not found in $PATH',
  ],
])("%j", (text, expected) => {
  expect(unwrapStartError(text)).toBe(expected);
});

test("compose stopped at what it said to begin and not to have done", () => {
  // Compose 2.26.1.
  const output = ` Network p_default  Created
 Container p-db-1  Creating
 Container p-db-1  Created
 Container p-web-1  Creating
Error response from daemon: invalid mount config for type "bind": bind source path does not exist: /nowhere/x
`;
  expect(findUnfinished(output)).toEqual(["p-web-1"]);
  expect(findUnfinished("network nosuch not found\n")).toEqual([]);
});
