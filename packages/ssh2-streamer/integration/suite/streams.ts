import { once } from "node:events";
import { text } from "node:stream/consumers";
import { startEcho } from "@otto/lab";
import type { SshSession } from "ssh2-streamer";
import { test } from "vitest";
import { dialEngine } from "../dial-engine.js";
import { type Lacks, testCapability } from "./capability.js";

const ping = "GET /_ping HTTP/1.0\r\n\r\n";

/** What `dialSocket`, `dialTcp` and `forwardTcp` owe. */
export function testStreams(session: () => SshSession, lacks: Lacks): void {
  test("the engine answers, many times at once", async ({ expect }) => {
    const answers = Array.from({ length: 6 }, async () => {
      const stream = await dialEngine(session());
      stream.write(ping);
      return await text(stream);
    });
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.0 200 OK/);
  });

  test("a port of the machine is reached, and carries bytes both ways", async ({ expect }) => {
    await using echo = await startEcho();
    const socket = await session().dialTcp("127.0.0.1", echo.port);
    socket.write("hello");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toBe("hello");
    socket.destroy();
  });

  test("a socket that is not there is a refusal that names the machine", async ({ expect }) => {
    await expect(session().dialSocket("/nowhere.sock")).rejects.toMatchObject({
      code: "SSH_FORWARDING_REFUSED",
      details: { hop: "parent" },
    });
  });

  testCapability(lacks, "a stream to a socket", () => askEngine(session()), "HTTP/1.0 200 OK");
  testCapability(lacks, "a forwarded port", () => askEcho(session()), "all of it");
}

async function askEngine(session: SshSession): Promise<string> {
  const socket = await session.dialSocket("/var/run/docker.sock");
  socket.write(ping);
  const [statusLine = ""] = (await text(socket)).split("\r\n");
  return statusLine;
}

async function askEcho(session: SshSession): Promise<string> {
  await using echo = await startEcho();
  const stream = await session.forwardTcp("127.0.0.1", echo.port);
  stream.end("all of it");
  return await text(stream);
}
