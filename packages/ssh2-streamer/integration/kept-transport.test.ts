import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listKeptConnections } from "ssh2-streamer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RoutesLab, routeCases, startRoutes } from "./suite/routes.js";
import { describeTransport } from "./transport-suite.js";
import { kept, openBy, type Transport, transports } from "./transports.js";

let lab: RoutesLab;
/** Nothing of a route but its last server, and whether there are hops at all, reaches what is kept. */
const cases = routeCases.filter(
  ({ bastions, server }) => bastions === "no hop" || (bastions === "1 hop" && server === "stock"),
);
const keeping: { readonly by: Transport; readonly directory: string }[] = [];
for (const transport of transports) {
  const directory = await mkdtemp(join(tmpdir(), "otto-kept-"));
  keeping.push({ by: kept(transport, directory), directory });
}

beforeAll(async () => {
  lab = await startRoutes();
  // The sessions of the tests find connections that others have used.
  for (const { by } of keeping) {
    await Promise.all(
      cases.map(async (route) => {
        await using session = openBy(by, lab.routeOf(route));
        await session.exec(["true"]);
      }),
    );
  }
});

afterAll(async () => {
  const left = await Promise.all(keeping.map(({ directory }) => listKeptConnections([directory])));
  await Promise.all(left.flat().map((connection) => connection.end()));
  await lab[Symbol.asyncDispose]();
});

for (const { by } of keeping) describeTransport(by, () => lab, cases);

describe.each(keeping)("$by.name", ({ directory }) => {
  test("each route has one kept connection, which nobody had to make anew", async () => {
    // A further connection, of a server with few sessions, may have its hop's kept.
    const connections = (await listKeptConnections([directory])).filter(({ host }) => host === "parent");
    expect(connections).toHaveLength(cases.length);
    expect(new Set(connections.map(({ state }) => state))).toEqual(new Set(["open"]));
  });
});
