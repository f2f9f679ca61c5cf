import { expect, test } from "vitest";
import { containerHostId } from "./container-hosts.js";

test("a host's id is in lower case, and names its replica from the second one on", () => {
  const place = { parent: "Pepper", repo: "Shop", service: "API" };
  expect(containerHostId({ ...place, replica: 1 })).toBe("pepper.shop.api");
  expect(containerHostId({ ...place, replica: 2 })).toBe("pepper.shop.api.2");
});
