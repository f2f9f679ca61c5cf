import { expect, test } from "vitest";
import type { Remains } from "../observed/remains.js";
import { formatDownStep, planDown } from "./down.js";

const remains: Remains = {
  resources: [
    { kind: "container", name: "p-db-1", service: "db", uses: ["p_back", "p_data", "p_shared"] },
    { kind: "container", name: "p-web-1", service: "web", uses: ["p_back", "p_front", "p_pages", "p_shared"] },
    ...["p_back", "p_front", "p_idle"].map((name) => ({ kind: "network" as const, name })),
    ...["p_data", "p_pages", "p_shared", "p_idle"].map((name) => ({ kind: "volume" as const, name })),
  ],
  trees: [{ directory: "/t", isDown: false, kept: { host: "h", directory: "/t", files: 2 } }],
};

const plan = (volumes: boolean, ...services: readonly string[]) =>
  planDown(remains, { volumes, ...(services.length > 0 && { services: new Set(services) }) }).map(formatDownStep);

const containers = ["remove the container p-db-1", "remove the container p-web-1"];
const networks = ["p_back", "p_front", "p_idle"].map((name) => `remove the network ${name}`);

test("a whole stack goes with its files, and keeps what containers wrote", () => {
  expect(plan(false).slice(-2)).toEqual([
    "remove the staged files in /t",
    "keep what containers wrote in /t (2 files)",
  ]);
  expect(plan(true).at(-1)).toBe("remove what containers wrote in /t (2 files)");
});

test("of a project that several repos make, the files of each go", () => {
  const trees = ["/t@a", "/t@b"].map((directory) => ({ directory, isDown: false, kept: undefined }));
  const steps = planDown({ resources: [], trees }, { volumes: false });
  expect(steps.map(formatDownStep)).toEqual(["remove the staged files in /t@a", "remove the staged files in /t@b"]);
});

test("of services go their containers, and what nobody uses any more", () => {
  const web = ["remove the container p-web-1", "remove the network p_front", "remove the network p_idle"];
  expect(plan(false, "web")).toEqual(web);
  expect(plan(true, "web")).toEqual([...web, "remove the volume p_pages"]);
  expect(plan(true, "nosuch")).toEqual([]);
});

test("all services are the whole stack, but for the volumes that they have not", () => {
  expect(plan(false, "web", "db")).toEqual(plan(false));
  const volumes = ["p_data", "p_pages", "p_shared"].map((name) => `remove the volume ${name}`);
  expect(plan(true, "web", "db")).toEqual([...containers, ...networks, ...volumes]);
});

test("images go with the whole stack", () => {
  const image = { kind: "image", name: "shop-api:latest" } as const;
  const steps = planDown({ resources: [...remains.resources, image], trees: [] }, { volumes: false });
  expect(steps.map(formatDownStep).at(-1)).toBe("remove the image shop-api:latest, unless others use it");
});
