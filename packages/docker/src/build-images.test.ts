import type { BuildImagesOptions } from "@otto/build";
import type { Repo } from "@otto/config";
import type { Parent } from "@otto/hosts";
import { expect, test, vi } from "vitest";
import { buildImages } from "./build-images.js";
import { currentUser } from "./current-user.js";

vi.mock("@otto/build", () => ({
  buildImages: async (_repo: Repo, _parent: Parent, options: BuildImagesOptions) => options,
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
