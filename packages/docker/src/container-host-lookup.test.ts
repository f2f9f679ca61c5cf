import { HostRegistry, type Lab } from "@otto/host-registry";
import { DockerContainerHost, type Engine } from "@otto/hosts";
import { expect, test } from "vitest";
import { findByShortId, getContainerHost } from "./container-host-lookup.js";

/** A lab of a host `shop` whose handle is `s1`, and one `pepper`; of each id the parts, as `pepper shop web 2`. */
function labOf(...containers: readonly string[]): Lab {
  const hosts = new HostRegistry();
  const repos = new Set<string>();
  for (const text of containers) {
    const [parent = "", repo = "", service = "", replica = "1"] = text.split(" ");
    repos.add(repo);
    const id = `${parent}.${repo}.${service}${replica === "1" ? "" : `.${replica}`}`.toLowerCase();
    hosts.declare(
      new DockerContainerHost({ id, service, project: repo, replica: Number(replica), engine: {} as Engine }),
    );
  }
  const machines = [
    { id: "shop", handle: "s1" },
    { id: "pepper", handle: "pepper" },
  ];
  return { hosts, repos: [...repos].map((name) => ({ name })), data: { hosts: machines } } as unknown as Lab;
}

const lab = labOf(
  "pepper shop web",
  "pepper shop web 2",
  "shop Fleet db",
  "shop Fleet Api.v1",
  "pepper shop __proto__",
);

test.each([
  ["pepper.shop.web", "pepper.shop.web"],
  ["web", "pepper.shop.web"],
  ["WEB", "pepper.shop.web"],
  ["web.2", "pepper.shop.web.2"],
  ["shop.web", "pepper.shop.web"],
  ["shop.web.2", "pepper.shop.web.2"],
  ["db", "shop.fleet.db"],
  ["Fleet.db", "shop.fleet.db"],
  ["s1.fleet.db", "shop.fleet.db"],
  ["api.v1", "shop.fleet.api.v1"],
  ["fleet.api.v1", "shop.fleet.api.v1"],
  ["__proto__", "pepper.shop.__proto__"],
])("%s is %s", (name, id) => {
  expect(getContainerHost(name, lab).id).toBe(id);
});

test.each([
  "",
  ".",
  ".web",
  "web.",
  "web.1",
  "web.02",
  "v1",
  "pepper.web",
  "shop..web",
  "constructor",
  "toString",
  "we",
  "web\n",
  "../web",
])("%j is none", (name) => {
  expect(findByShortId(name, lab)).toEqual([]);
  expect(() => getContainerHost(name, lab)).toThrow(expect.objectContaining({ code: "HOST_UNKNOWN" }));
});

test("a name that two containers have is refused with their ids, and a longer one decides", () => {
  const two = labOf("pepper shop web", "pepper fleet web");
  expect(() => getContainerHost("web", two)).toThrow(
    expect.objectContaining({
      code: "HOST_AMBIGUOUS",
      details: { host: "web", candidates: ["pepper.shop.web", "pepper.fleet.web"] },
    }),
  );
  expect(getContainerHost("fleet.web", two).id).toBe("pepper.fleet.web");
});

test("a service that is called as another repo's and its service is ambiguous with that one", () => {
  const two = labOf("pepper shop fleet.web", "pepper fleet web");
  expect(() => getContainerHost("fleet.web", two)).toThrow(expect.objectContaining({ code: "HOST_AMBIGUOUS" }));
  expect(getContainerHost("shop.fleet.web", two).id).toBe("pepper.shop.fleet.web");
});

test("a whole id goes before a short one that reads the same", () => {
  const odd = labOf("pepper shop web", "shop a pepper.shop.web");
  expect(getContainerHost("pepper.shop.web", odd).id).toBe("pepper.shop.web");
});
