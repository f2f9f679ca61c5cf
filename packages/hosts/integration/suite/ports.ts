import { once } from "node:events";
import { connect } from "node:net";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { startEcho } from "@otto/lab";
import { expect, test } from "vitest";
import type { HostTests } from "./host-tests.js";

/** Ports of the host's loopback, which is this machine's. */
export function testPorts({ host }: HostTests): void {
  test("leads a port of this machine to one of its own, both ways, and closes it", async () => {
    await using echo = await startEcho();
    const forward = await host().forward(0, echo.port);
    const socket = connect(forward.port, "127.0.0.1");
    socket.end("all of it");
    expect(await text(socket)).toBe("all of it");
    await forward[Symbol.asyncDispose]();
    const refused = connect(forward.port, "127.0.0.1");
    await expect(once(refused, "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(host().forward(0, 0)).rejects.toBeInstanceOf(TypeError);
  });
}

/** A login in which `exit 3` is typed at the prompt. */
export function testLogin({ host }: HostTests): void {
  test("gives a login that ends with the exit code of its shell", async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    output.once("data", () => input.write("exit 3\n")).resume();
    expect(await host().login({ input, output, setRawMode: () => {} })).toBe(3);
  });
}
