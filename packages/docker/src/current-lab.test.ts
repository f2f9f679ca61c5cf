import { Lab } from "@otto/host-registry";
import { expect, test } from "vitest";
import { getContainerHost } from "./container-host-lookup.js";
import { currentLab, withLab } from "./current-lab.js";

const data = { name: "local", hosts: [], links: [], notes: [] };
const lab = new Lab({ data, repos: [], env: {}, home: "/nonexistent" });

test("the lab of a scope is the one that calls without a lab use", async () => {
  await withLab(lab, async () => {
    await Promise.resolve();
    expect(currentLab()).toBe(lab);
    expect(() => getContainerHost("a.b.c")).toThrow(expect.objectContaining({ code: "HOST_UNKNOWN" }));
  });
});

test("outside of a scope there is none, which is an error", () => {
  expect(() => currentLab()).toThrow(expect.objectContaining({ code: "LAB_NOT_SET" }));
  expect(() => getContainerHost("a.b.c")).toThrow(expect.objectContaining({ code: "LAB_NOT_SET" }));
});

test("another copy of the package sees the same lab", async () => {
  const copy = "./current-lab.js?copy";
  const other = (await import(copy)) as { currentLab: typeof currentLab };
  expect(other.currentLab).not.toBe(currentLab);
  withLab(lab, () => expect(other.currentLab()).toBe(lab));
});
