import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ContainerPlace, startPlace } from "./container-places.js";

const execute = promisify(execFile);
const streamedBytes = Number(process.env.OTTO_BYTES ?? 128 << 20);

describe.each(["dash", "bash", "busybox", "none"] as const)("exec where the shell is %s", (shell) => {
  let place: ContainerPlace;
  beforeAll(async () => {
    place = await startPlace(shell);
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
  });

  test.each([[{}], [{ stdin: "" }]])("runs as the user that it is given, who must be there (%j)", async (options) => {
    expect((await place.host.exec(["id", "-u"], { ...options, user: "1000" })).stdout.toString()).toBe("1000\n");
    await expect(place.host.exec(["true"], { ...options, user: "nobody-here" })).rejects.toMatchObject({
      code: expect.stringMatching(/^(HOST_COMMAND_NOT_STARTED|ENGINE_REQUEST_FAILED)$/) as string,
    });
  });
});

describe("exec over SSH through a bastion", () => {
  let place: ContainerPlace;
  beforeAll(async () => {
    place = await startPlace("busybox");
  });
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
  });

  test("gives every exit code", async () => {
    const codes = Array.from({ length: 256 }, (_, code) => code);
    const results = await Promise.all(
      codes.map((code) => place.host.exec(`exit ${code}`, { timeoutMs: Number.POSITIVE_INFINITY })),
    );
    expect(results.map(({ exitCode }) => exitCode)).toEqual(codes);
  });

  test("runs a hundred at once, each with its own streams, beside others that last", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const lasting = Array.from({ length: 20 }, () =>
      place.host.exec("sleep 600", { signal, timeoutMs: Number.POSITIVE_INFINITY }),
    );
    const numbers = Array.from({ length: 100 }, (_, number) => number);
    const results = await Promise.all(
      numbers.map((number) =>
        place.host.exec(["sh", "-c", 'cat; echo "err $1" >&2; exit "$1"', "sh", `${number}`], {
          stdin: `in ${number}`,
          timeoutMs: Number.POSITIVE_INFINITY,
        }),
      ),
    );
    expect(results.map(({ exitCode, stdout, stderr }) => [exitCode, stdout.toString(), stderr.toString()])).toEqual(
      numbers.map((number) => [number, `in ${number}`, `err ${number}\n`]),
    );
    controller.abort(new Error("enough"));
    for (const result of await Promise.allSettled(lasting)) expect(result.status).toBe("rejected");
  });

  test("streams much through stdin and stdout, exactly, in bounded memory", async () => {
    const argv = ["--expose-gc", "--input-type=module", "--eval", streamingScript(place, streamedBytes)];
    const { stdout } = await execute(process.execPath, argv);
    const { sent, received, exitCode, heldMegabytes } = JSON.parse(stdout) as Record<string, unknown>;
    expect([exitCode, received]).toEqual([0, sent]);
    expect(heldMegabytes).toBeLessThan(64);
  });
});

/**
 * Sends random bytes through `cat`; says the digests of both ways, and how much more is held meanwhile than before. What is
 * garbage does not count: V8 lets 64 MB of buffers gather before it looks.
 */
function streamingScript({ settings }: ContainerPlace, sizeBytes: number): string {
  return `
    import { createHash, randomFillSync } from "node:crypto";
    import { Readable, Writable } from "node:stream";
    import { createSshParent, DockerContainerHost } from "@otto/hosts";
    const parent = createSshParent(${JSON.stringify(settings.parent)});
    const host = new DockerContainerHost({ ...${JSON.stringify(settings.host)}, engine: parent.engine });
    await host.exec(["cat"], { stdin: "warm" });
    const sending = createHash("sha256");
    const receiving = createHash("sha256");
    const held = () => {
      gc();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    let most = 0;
    function* source() {
      for (let left = ${sizeBytes}; left > 0; left -= 65536) {
        if (left % (8 * 1024 * 1024) === 0) most = Math.max(most, held());
        const chunk = randomFillSync(Buffer.allocUnsafeSlow(Math.min(left, 65536)));
        sending.update(chunk);
        yield chunk;
      }
    }
    const sink = () => new Writable({ write: (chunk, _, done) => (receiving.update(chunk), done()) });
    const before = held();
    const output = { stdout: sink(), stderr: sink() };
    const { exitCode } = await host.exec(["cat"], { stdin: Readable.from(source()), output, timeoutMs: Infinity });
    const heldMegabytes = Math.round((most - before) / 1e6);
    console.log(JSON.stringify({ exitCode, sent: sending.digest("hex"), received: receiving.digest("hex"), heldMegabytes }));
    await host[Symbol.asyncDispose]();
    await parent[Symbol.asyncDispose]();
  `;
}
