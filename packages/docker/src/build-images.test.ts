import type { BuildImagesOnOptions, BuildImagesOptions, BuildTarget } from "@otto/build";
import type { Repo } from "@otto/config";
import type { Parent } from "@otto/hosts";
import { expect, test, vi } from "vitest";
import { buildImages, buildImagesOn } from "./build-images.js";
import { currentUser } from "./current-user.js";

vi.mock("@otto/build", () => ({
  buildImages: async (_repo: Repo, _parent: Parent, options: BuildImagesOptions) => options,
  buildImagesOn: async (_repo: Repo, _targets: readonly BuildTarget[], options: BuildImagesOnOptions) => options,
}));

const optionsOf = (options?: BuildImagesOptions) => buildImages({} as Repo, {} as Parent, options);

test.each([[undefined], [{}], [{ env: undefined, who: undefined }]])(
  "with %j, this process's environment and user count",
  async (options) => {
    expect(await optionsOf(options)).toEqual({ env: process.env, who: currentUser() });
  },
);

test("an environment and a user that are given count", async () => {
  const given = { env: { HOME: "/root" }, who: "ada" };
  expect(await optionsOf(given)).toEqual(given);
});

test("several parents get the same defaults", async () => {
  expect(await buildImagesOn({} as Repo, [])).toEqual({ env: process.env, who: currentUser() });
  const given = { env: { HOME: "/root" }, who: "ada" };
  expect(await buildImagesOn({} as Repo, [], given)).toEqual(given);
});
