import type { Repo } from "@otto/config";
import { expect, test } from "vitest";
import { selectImages } from "./image-selection.js";

const repo = { name: "r", docker: { images: [{ name: "api" }, { name: "web" }] } } as unknown as Repo;
const names = (wanted?: readonly string[]) => selectImages(repo, wanted).map(({ name }) => name);

test("no names, or an empty list, are all images", () => {
  expect([names(), names([])]).toEqual([
    ["api", "web"],
    ["api", "web"],
  ]);
});

test("named images keep the order of the settings", () => {
  expect(names(["web", "api"])).toEqual(["api", "web"]);
});

test("an unknown name is an error that lists the declared ones", () => {
  expect(() => names(["apo"])).toThrow(
    expect.objectContaining({ code: "BUILD_IMAGE_UNKNOWN", hint: expect.stringContaining("api, web") }),
  );
});
