import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { createNoise, type HostOptions, startLab } from "@otto/lab";
import type { SshEvent, SshSession } from "ssh2-streamer";
import { expect, test } from "vitest";
import { dialEngine } from "./dial-engine.js";
import { routeTo } from "./lab-route.js";
import { openBy, transports } from "./transports.js";

const forwardingOff = { allowTcpForwarding: false, allowStreamLocalForwarding: false };
const servers: readonly { server: string; options: HostOptions; connections: number }[] = [
  { server: "stock", options: {}, connections: 1 },
  { server: "MaxSessions 1", options: { maxSessions: 1 }, connections: 1 },
  { server: "forwarding off", options: forwardingOff, connections: 1 },
  // One session for the engine's stream, one that stays for commands.
  { server: "MaxSessions 1 and forwarding off", options: { maxSessions: 1, ...forwardingOff }, connections: 2 },
  { server: "MaxStartups 2:100:2", options: { maxStartups: "2:100:2" }, connections: 1 },
];
const cells = transports.flatMap((transport) =>
  [0, 1, 2].flatMap((hops) =>
    servers.flatMap((server) => [0, 100].map((roundTripMs) => ({ transport, hops, roundTripMs, ...server }))),
  ),
);
// Four times what either side may send ahead.
const payload = createNoise(8 << 20);
const digest = createHash("sha256").update(payload).digest("hex");

// Side by side: a cell waits for its link most of the time, and its servers are its own.
test.concurrent.each(cells)(
  "$transport.name, $hops hops, $server, $roundTripMs ms: all calls succeed",
  async (cell) => {
    await using lab = await startLab({ hosts: hostsOf(cell) });
    const file = join(lab.directory, "payload");
    await writeFile(file, payload);
    const events: SshEvent[] = [];
    await using session = openBy(cell.transport, routeTo(lab, "parent"), { onEvent: (event) => events.push(event) });
    const [answers, codes] = await Promise.all([
      Promise.all(callEngine(session, 60)),
      Promise.all(Array.from({ length: 20 }, async () => (await session.exec(["true"])).exitCode)),
    ]);
    expect([new Set(answers), answers.length]).toEqual([new Set(["OK"]), 60]);
    expect([new Set(codes), codes.length]).toEqual([new Set([0]), 20]);
    const up = await session.exec(["sha256sum"], { stdin: payload });
    expect(up.stdout.toString().split(" ")[0]).toBe(digest);
    const down = await session.exec(["cat", file]);
    expect(createHash("sha256").update(down.stdout).digest("hex")).toBe(digest);
    const handshakes = await Promise.all(Object.values(lab.hosts).map((host) => host.handshakes()));
    expect(handshakes).toEqual([...Array<number>(cell.hops).fill(1), cell.connections]);
    const added = events.filter((event) => event.type === "ssh.connection-added");
    expect(added.map((event) => event.cause !== "")).toEqual(Array(cell.connections - 1).fill(true));
  },
);

function hostsOf({ hops, roundTripMs, options }: (typeof cells)[number]): Record<string, HostOptions> {
  const names = [...Array.from({ length: hops }, (_, index) => `hop${index + 1}`), "parent"];
  return Object.fromEntries(
    names.map((name, index) => [
      name,
      {
        ...(name === "parent" ? options : {}),
        ...(index === 0 ? { proxy: { delayMs: roundTripMs / 2 } } : { hop: names[index - 1] ?? "" }),
      },
    ]),
  );
}

// As an engine client does it: an agent that keeps streams and asks for one per call under way.
function callEngine(session: SshSession, count: number): Promise<string>[] {
  const agent = new Agent({ keepAlive: true });
  agent.createConnection = ((_options: unknown, done: (error: Error | null, stream?: Duplex) => void) => {
    dialEngine(session).then((stream) => done(null, stream), done);
  }) as unknown as typeof agent.createConnection;
  return Array.from(
    { length: count },
    () =>
      new Promise<string>((resolve, reject) => {
        get({ agent, path: "/_ping" }, (response) => {
          text(response).then(resolve, reject);
        }).once("error", reject);
      }),
  );
}
