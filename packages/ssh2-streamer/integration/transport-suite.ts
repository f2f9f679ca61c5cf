import type { SshSession } from "ssh2-streamer";
import { afterAll, beforeAll, describe } from "vitest";
import { testCommands } from "./suite/commands.js";
import { type RouteCase, type RoutesLab, routeCases } from "./suite/routes.js";
import { testProcesses } from "./suite/spawned.js";
import { testStreams } from "./suite/streams.js";
import { testTrees } from "./suite/trees.js";
import { openBy, type Transport } from "./transports.js";

/**
 * What every transport owes its callers, over every route, side by side on one session each.
 *
 * @param lab the servers of all routes, once they run
 * @param cases default: all
 */
export function describeTransport(
  transport: Transport,
  lab: () => RoutesLab,
  cases: readonly RouteCase[] = routeCases,
): void {
  describe.concurrent.each(cases)(`${transport.name}, $bastions, $server`, (route) => {
    let opened: SshSession;
    const session = () => opened;
    const lacks = { ...transport.lacks, ...route.lacks };

    beforeAll(() => {
      opened = openBy(transport, lab().routeOf(route));
    });

    afterAll(() => opened.close());

    testCommands(session);
    testProcesses(session, lacks);
    testStreams(session, lacks);
    testTrees(session, () => lab().directory);
  });
}
