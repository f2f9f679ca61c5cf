import { afterAll, beforeAll } from "vitest";
import { type RoutesLab, startRoutes } from "./suite/routes.js";
import { describeTransport } from "./transport-suite.js";
import { transports } from "./transports.js";

let lab: RoutesLab;

beforeAll(async () => {
  lab = await startRoutes();
});

afterAll(() => lab[Symbol.asyncDispose]());

for (const transport of transports) describeTransport(transport, () => lab);
