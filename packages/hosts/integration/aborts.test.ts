import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { createEngine } from "@otto/engine";
import { DockerContainerHost } from "@otto/hosts";
import { LimitedLink } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LabelledContainer, runLabelled } from "./labelled-container.js";
import { createShellImage } from "./shell-images.js";

const execute = promisify(execFile);
const names = { project: `otto-aborts-${randomBytes(4).toString("hex")}`, service: "api" };
const server = "while :; do echo hello | nc -l -p 7000; done";
let image: Awaited<ReturnType<typeof createShellImage>>;
let container: LabelledContainer;
let directory: string;

beforeAll(async () => {
  image = await createShellImage("busybox");
  container = await runLabelled({ image: image.tag, ...names }, "sh", "-c", `echo words >/words; ${server}`);
  directory = await mkdtemp(join(tmpdir(), "otto-aborts-"));
  await writeFile(join(directory, "file"), randomBytes(10_000));
});

afterAll(async () => {
  await container[Symbol.asyncDispose]();
  await image[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

type Use = (host: DockerContainerHost, signal: AbortSignal) => Promise<unknown>;

const uses: Readonly<Record<string, Use>> = {
  exec: (host, signal) => host.exec(["echo", "hello"], { signal }),
  "exec with stdin": (host, signal) => host.exec(["cat"], { signal, stdin: "hello" }),
  spawn: async (host, signal) => {
    const process = await host.spawn(["cat"], { signal });
    process.stdin.end("hello");
    await Promise.all([text(process.stdout), text(process.stderr)]);
    return process.exit;
  },
  run: (host, signal) => host.run("echo hello", { signal }),
  login: async (host, signal) => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    output.once("data", () => input.write("exit 3\n")).resume();
    return host.login({ input, output, setRawMode: () => {} }, { signal });
  },
  get: (host, signal) => host.get("/words", join(directory, "got/"), { signal }),
  forward: async (host, signal) => {
    await using forward = await host.forward(0, 7000, { signal });
    const socket = connect(forward.port, "127.0.0.1");
    await expect(text(socket)).resolves.toBe("hello\n");
  },
};

const cuts = 12;

test.each(Object.entries(uses))("an abort ends %s on a link that fell silent at any byte", async (_, use) => {
  let abort = () => {};
  const link = new LimitedLink(() => setImmediate(abort));
  const tryWith = async (limit: number): Promise<number> => {
    const controller = new AbortController();
    abort = () => controller.abort();
    link.renew(limit);
    await using engine = createEngine({ name: "pepper", dial: () => link.dial() });
    await using host = new DockerContainerHost({ id: "pepper.r.api", ...names, replica: 1, engine });
    await use(host, controller.signal);
    return link.passed;
  };
  const length = await tryWith(Number.POSITIVE_INFINITY);
  for (let cut = 0; cut < cuts; cut += 1) {
    await tryWith(Math.ceil(((cut + 0.5) * length) / cuts)).catch(() => {});
  }
  await expect.poll(() => link.channels).toBe(0);
  await expect.poll(running).toEqual([]);
});

/** What of ours is left in the container. */
async function running(): Promise<string[]> {
  const { stdout } = await execute("docker", ["top", container.id, "-eo", "pid,args"]);
  const [, ...lines] = stdout.trimEnd().split("\n");
  return lines.map((line) => line.replace(/^ *\d+ +/, "")).filter((line) => !/docker-init|7000|<defunct>/.test(line));
}
