import type { ComposeService } from "@otto/compose-files";
import { expect, test } from "vitest";
import type { ObservedContainer } from "../observed/observed-stack.js";
import { planNetworks } from "./networks.js";
import { formatUpStep } from "./operations.js";

const services = [{ name: "api" }, { name: "web" }] as unknown as readonly ComposeService[];

const digests = new Map(
  services.map(({ name }) => {
    const networks = { default: { name: "p_default", settings: "1" }, [name]: { name: `p_${name}`, settings: "1" } };
    return [name, { settings: "s", files: "f", build: "", networks }] as const;
  }),
);

const container = (service: string, networks: Readonly<Record<string, string>>, id = service) =>
  ({ id, service, networks }) as unknown as ObservedContainer;

function plan(...containers: ObservedContainer[]): string[] {
  return planNetworks(services, containers, digests).map(
    (step) => `${formatUpStep(step)}: ${step.name}, ${step.containers.join(", ")}`,
  );
}

test("a network is replaced when its settings are others than all its containers were started with", () => {
  expect(plan(container("api", { default: "1", api: "1" }), container("web", { default: "1", web: "0" }))).toEqual([
    "network web: recreate (its settings changed): p_web, web",
  ]);
  expect(plan(container("api", { default: "0" }), container("web", { default: "0" }))).toEqual([
    "network default: recreate (its settings changed): p_default, api, web",
  ]);
});

test("a network that an interrupted up has replaced is not replaced again", () => {
  expect(plan(container("api", { default: "1" }), container("web", { default: "0" }))).toEqual([]);
});

test("a network that nobody is known to be on is left", () => {
  expect(plan()).toEqual([]);
  expect(plan(container("api", {}), container("gone", { default: "0" }))).toEqual([]);
});

test("containers without the label go off a network that is replaced, too: their services are declared on it", () => {
  const [old, other] = [container("web", {}), container("api", { default: "0" })];
  expect(plan(old, other)).toEqual(["network default: recreate (its settings changed): p_default, web, api"]);
});
