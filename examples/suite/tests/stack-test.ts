import { stackFixtures } from "@otto/vitest";
import { test as base } from "vitest";

/** `test` with the stack of this repository; `hosts.api` and `hosts.client` are its containers. */
export const test = base.extend(stackFixtures({ services: ["api", "client"], scope: "run" }));
