import { expect, test } from "vitest";
import type { HostData, LabData } from "./lab/lab-data.js";
import { localHost } from "./lab/local-lab.js";
import { checkOnNames, listOnHosts, parseOn } from "./on-choice.js";
import { listOpenRoles, planPlacements, planRemovalPlacements } from "./placement-plan.js";
import type { DockerCompose, Repo } from "./repo/repo.js";

const lab = (...hosts: (Pick<HostData, "id"> & Partial<HostData>)[]): LabData => ({
  name: "veg",
  hosts: hosts.map((host) => ({ ...localHost, handle: host.id, ...host })),
  links: [],
  notes: [],
});

const repo = (...composes: Partial<DockerCompose>[]): Repo => ({
  name: "repo1",
  version: "1",
  root: "/r",
  settingsFile: "/r/.otto/settings.toml",
  instructions: [],
  labSources: [],
  docker: {
    registryUrl: undefined,
    images: [],
    composes: composes.map((compose, index) => ({ path: `${index}`, profiles: [], ...compose })),
  },
  notes: [],
});

const three = lab(
  { id: "a", roles: ["db"] },
  { id: "b", roles: ["edge"] },
  { id: "c", roles: ["edge"] },
  { id: "bastion", dockerCapable: false, roles: ["jump"] },
);

/** Host id to the numbers of the entries that belong on it. */
function placesOf(...args: Parameters<typeof planPlacements>): Record<string, string> {
  return Object.fromEntries(
    planPlacements(...args).map(({ host, repo: part }) => [
      host.id,
      part.docker.composes.map(({ path }) => path).join(),
    ]),
  );
}

const db = { role: "db" };
const edge = { role: "edge", name: "front" };

test.each<[string, Repo, string | undefined, Record<string, string>]>([
  ["roles, one host each", repo(db, edge), undefined, { a: "0", b: "1" }],
  ["a role spread over all its hosts", repo(db, { ...edge, spread: true }), undefined, { a: "0", b: "1", c: "1" }],
  ["default hosts", repo({ defaultHost: "c" }, { defaultHost: "a" }), undefined, { c: "0", a: "1" }],
  ["two entries of one host", repo(db, { defaultHost: "A" }), undefined, { a: "0,1" }],
  ["an entry without a place beside one that has it", repo({}, { defaultHost: "c" }), undefined, { c: "0,1" }],
  [
    "a default host that is missing beside one that is there",
    repo({ defaultHost: "x" }, { defaultHost: "c" }),
    undefined,
    { c: "0,1" },
  ],
  ["one host for all", repo(db, edge), "c", { c: "0,1" }],
  ["several hosts for all", repo(db, edge), "c,a", { c: "0,1", a: "0,1" }],
  ["every host", repo(db, edge), "all", { a: "0,1", b: "0,1", c: "0,1" }],
  ["a host for a role", repo(db, edge), "edge=c", { a: "0", c: "1" }],
  ["a host for an entry's name", repo(db, edge), "front=a", { a: "0,1" }],
  ["several hosts for an entry", repo(db, edge), "front=a,front=c", { a: "0,1", c: "1" }],
  ["an entry's host and that of the others", repo(db, edge), "edge=c,b", { b: "0", c: "1" }],
  ["a name that another repo has", repo(db), "front=c", { a: "0" }],
  ["images alone, on several hosts", repo(), "a,b", { a: "", b: "" }],
])("%s", (_, it, on, places) => {
  expect(placesOf(it, three, { on })).toEqual(places);
});

test.each<[string, Repo, string | undefined, string]>([
  ["a role that no host has", repo({ role: "cache" }), undefined, "LAB_ROLE_MISSING"],
  ["a role of a host without docker", repo({ role: "jump" }), undefined, "LAB_HOST_NOT_DOCKER_CAPABLE"],
  ["nothing that chooses among several hosts", repo({}), undefined, "LAB_NO_PARENT"],
  ["an unknown host", repo(db), "db=x", "LAB_UNKNOWN_HOST"],
  ["an empty word", repo(db), "a,", "LAB_ON_INVALID"],
  ["a name without a host", repo(db), "db=", "LAB_ON_INVALID"],
])("%s is an error", (_, it, on, code) => {
  expect(() => planPlacements(it, three, { on })).toThrow(expect.objectContaining({ code }));
});

test("a role that no host has is an error with those there are", () => {
  expect(() => planPlacements(repo({ role: "cache" }), three)).toThrow(
    expect.objectContaining({ details: { repo: "repo1", lab: "veg", role: "cache", known: ["db", "edge", "jump"] } }),
  );
});

test("a name of --on that no entry has is an error with those there are", () => {
  expect(() => checkOnNames([repo(db, edge)], parseOn("fron=a"))).toThrow(
    expect.objectContaining({ code: "LAB_ON_INVALID", hint: "Names and roles there are: db, front, edge." }),
  );
  expect(() => checkOnNames([repo(db, edge)], parseOn("front=a,ssh://me@host/?x=y"))).not.toThrow();
});

test.each([
  [undefined, ["a", "b", "c"]],
  ["all", ["a", "b", "c"]],
  ["b,x", ["b", "x"]],
  ["front=x,db=a", ["x", "a"]],
  ["b,front=b", ["b"]],
])("without a stack to place, --on %s names %j", (on, hosts) => {
  expect(listOnHosts([repo(db, edge)], three, on)).toEqual(hosts);
});

test("nothing is taken away from a host that stands in for another", () => {
  const one = lab({ id: "a" });
  expect(() => planRemovalPlacements(repo({ defaultHost: "x" }), one)).toThrow(
    expect.objectContaining({ code: "LAB_DEFAULT_HOST_MISSING" }),
  );
  expect(planRemovalPlacements(repo({ defaultHost: "x" }), one, { on: "a" })).toHaveLength(1);
  const named = repo({ defaultHost: "x", name: "db" }, { defaultHost: "y", name: "web" });
  expect(() => planRemovalPlacements(named, one, { on: "db=a" })).toThrow(
    expect.objectContaining({ details: expect.objectContaining({ host: "a", missing: ["y"] }) }),
  );
  expect(planRemovalPlacements(named, one, { on: "db=a,web=a" })).toHaveLength(1);
});

test.each<[string, readonly string[], Record<string, string>]>([
  ["of several hosts with a role the one that is preferred", ["c", "b"], { a: "0", c: "1" }],
  ["the first of the lab where none of them is", ["a", "bastion"], { a: "0", b: "1" }],
])("an entry goes to %s", (_what, prefer, places) => {
  expect(placesOf(repo(db, edge), three, { prefer })).toEqual(places);
});

test("a preferred host changes nothing for a role that is spread, nor for what `on` says", () => {
  const prefer = ["c"];
  expect(placesOf(repo({ ...edge, spread: true }), three, { prefer })).toEqual({ b: "0", c: "0" });
  expect(placesOf(repo(edge), three, { prefer, on: "edge=b" })).toEqual({ b: "0" });
});

test.each<[string, Partial<DockerCompose>, string | undefined, readonly string[] | undefined]>([
  ["with several hosts", edge, undefined, ["b", "c"]],
  ["with one host", db, undefined, undefined],
  ["that is spread", { ...edge, spread: true }, undefined, undefined],
  ["of an entry that `on` names", edge, "front=c", undefined],
  ["where `on` names a host for everything", edge, "c", undefined],
  ["where `on` names another entry", edge, "other=c", ["b", "c"]],
])("a role %s is open or not", (_what, compose, on, hosts) => {
  expect(listOpenRoles(repo(compose), three, on).get(compose.role ?? "")).toEqual(hosts);
});
