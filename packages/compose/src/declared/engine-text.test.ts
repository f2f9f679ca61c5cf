import { expect, test } from "vitest";
import { isNameTaken } from "./engine-text.js";

test.each([
  // Engine 26.1.5, Compose 2.26.1.
  [
    'Error response from daemon: Conflict. The container name "/8803f214fea8_p-api-1" is already in use by container "0d3201920ed53904803668dcbec543b44889dba3ed77bbac0c7d6f831d6660e7". You have to remove (or rename) that container to be able to reuse that name.',
    true,
  ],
  ["failed to create network p_default: Error response from daemon: network with name p_default already exists", true],
  ["Error response from daemon: No such image: absent:1", false],
])("%j", (output, expected) => {
  expect(isNameTaken(output)).toBe(expected);
});
