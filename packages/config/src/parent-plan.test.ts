import type { OttoError } from "@otto/errors";
import { expect, test } from "vitest";
import type { HostData, LabData } from "./lab/lab-data.js";
import { localHost } from "./lab/local-lab.js";
import { describeMissing, findHost, missingDefaultHosts, planParent } from "./parent-plan.js";
import { planRemovalPlacements } from "./placement-plan.js";
import type { Repo } from "./repo/repo.js";
import { findRepo, selectRepos } from "./repo/repo-selection.js";

function lab(...hosts: (Pick<HostData, "id"> & Partial<HostData>)[]): LabData {
  return {
    name: "veg",
    hosts: hosts.map((host) => ({ ...localHost, handle: host.id, ...host })),
    links: [],
    notes: [],
  };
}

function repo(...defaultHosts: string[]): Repo {
  return {
    name: "repo1",
    version: "1",
    root: "/r",
    settingsFile: "/r/.otto/settings.toml",
    instructions: [],
    labSources: [],
    docker: {
      registryUrl: undefined,
      images: [],
      composes: defaultHosts.map((defaultHost) => ({ path: "/r/c.yml", profiles: [], defaultHost })),
    },
    notes: [],
  };
}

const bastion = { id: "bastion", dockerCapable: false };

test.each<[string, LabData, Repo, string | undefined, string]>([
  ["on goes before the default host", lab({ id: "a" }, { id: "b" }), repo("a"), "b", "b"],
  ["on may be a handle", lab({ id: "a7", handle: "a1" }, { id: "b" }), repo(), "a1", "a7"],
  ["an id goes before a handle", lab({ id: "a7", handle: "a1" }, { id: "a1" }), repo(), "A1", "a1"],
  ["the first default host that is in the lab", lab({ id: "a" }, { id: "b" }), repo("x", "b", "a"), undefined, "b"],
  ["the only docker-capable host", lab({ id: "a" }, bastion), repo("x"), undefined, "a"],
])("%s", (_, data, it, on, id) => {
  expect(planParent(it, data, on).id).toBe(id);
});

test.each<[string, LabData, Repo, string | undefined, string, object]>([
  ["an unknown on", lab({ id: "pepper" }), repo(), "peper", "LAB_UNKNOWN_HOST", { known: ["pepper"] }],
  [
    "an on without docker",
    lab({ id: "a" }, bastion),
    repo(),
    "bastion",
    "LAB_HOST_NOT_DOCKER_CAPABLE",
    { candidates: ["a"] },
  ],
  ["a default host without docker", lab(bastion), repo("bastion"), undefined, "LAB_HOST_NOT_DOCKER_CAPABLE", {}],
  ["two candidates", lab({ id: "a" }, { id: "b" }), repo("x"), undefined, "LAB_NO_PARENT", { candidates: ["a", "b"] }],
  ["no candidate", lab(bastion), repo(), undefined, "LAB_NO_PARENT", { candidates: [] }],
])("%s is an error with the candidates", (_, data, it, on, code, details) => {
  expect(() => planParent(it, data, on)).toThrow(
    expect.objectContaining({ code, details: expect.objectContaining(details) }),
  );
});

test.each<[string, LabData, Repo, string | undefined, readonly string[]]>([
  ["it is not in the lab", lab({ id: "a" }), repo("x"), undefined, ["x"]],
  ["none of them is in the lab", lab({ id: "a" }), repo("x", "y"), undefined, ["x", "y"]],
  ["on chooses", lab({ id: "a" }), repo("x"), "a", []],
  ["on chooses for another entry", lab({ id: "a" }), repo("x"), "db=a", ["x"]],
  ["one of them is in the lab", lab({ id: "a" }), repo("x", "A"), undefined, []],
  ["there is none", lab({ id: "a" }), repo(), undefined, []],
])("the parent stands in for a default host, where %s", (_, data, it, on, missing) => {
  expect(missingDefaultHosts(it, data, on)).toEqual(missing);
  expect(codeOf(() => planRemovalPlacements(it, data, { on }))).toBe(
    missing.length === 0 ? "" : "LAB_DEFAULT_HOST_MISSING",
  );
});

/** Empty where nothing is thrown. */
function codeOf(work: () => unknown): string {
  try {
    work();
    return "";
  } catch (error) {
    return (error as OttoError).code;
  }
}

test("who takes down elsewhere than where the settings say is told how to say so", () => {
  const data = lab({ id: "a" });
  expect(() => planRemovalPlacements(repo("x"), data)).toThrow(
    expect.objectContaining({
      message: `taking repo1 down on a: ${describeMissing(["x"], data)}`,
      hint: expect.stringMatching(/OTTO_LAB.*--on a$/),
    }),
  );
});

test("an unknown host lists the known ones and the nearest", () => {
  expect(() => findHost(lab({ id: "pepper" }, { id: "carrot" }), "peper")).toThrow(
    expect.objectContaining({ hint: 'Did you mean "pepper"? Hosts of the lab: pepper, carrot.' }),
  );
});

test("a repo is selected by name, and all are without one", () => {
  const other = { ...repo(), name: "repo2" };
  expect(selectRepos([repo(), other])).toHaveLength(2);
  expect(selectRepos([repo(), other], "repo2")).toEqual([other]);
});

test("one repo is the one of a name, else the only one", () => {
  const other = { ...repo(), name: "repo2" };
  expect(findRepo([repo(), other], "repo2")).toBe(other);
  expect(findRepo([other])).toBe(other);
  expect(() => findRepo([repo(), other])).toThrow(
    expect.objectContaining({ code: "CONFIG_REPO_AMBIGUOUS", hint: "Name one: repo1, repo2." }),
  );
});

test.each([
  [[], undefined, "CONFIG_NO_REPO"],
  [[repo()], "repo2", "CONFIG_UNKNOWN_REPO"],
])("repos %j without %s: %s", (repos, name, code) => {
  expect(() => selectRepos(repos, name)).toThrow(expect.objectContaining({ code }));
});
