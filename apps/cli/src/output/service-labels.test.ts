import { expect, test } from "vitest";
import { ServiceLabels } from "./service-labels.js";

test("labels grow to the longest name and count replicas from the second", () => {
  const labels = new ServiceLabels(false);
  const shown = [
    labels.of({ service: "api", replica: 1 }),
    labels.of({ service: "worker", replica: 2 }),
    labels.of({ service: "api", replica: 1 }),
    labels.of({ service: "api", replica: 1 }, "shop/"),
  ];
  expect(shown).toEqual(["api | ", "worker.2 | ", "api      | ", "shop/api | "]);
});

test("each service keeps a colour of its own, its replicas too", () => {
  const labels = new ServiceLabels(true);
  const color = (service: string, replica = 1) => labels.of({ service, replica }).slice(0, 5);
  const [api, web] = [color("api"), color("web")];
  expect(api).toContain("\u001b[");
  expect(api).not.toBe(web);
  expect([color("api", 2), color("web")]).toEqual([api, web]);
});
