import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { getEventListeners } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DockerContainerHost, type Parent } from "@otto/hosts";
import { createBusyboxImage, createMemoryGauge, type TestImage } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectParent, type Parents, startParents } from "./conformance-parents.js";
import { type LabelledContainer, runLabelled } from "./labelled-container.js";

const execute = promisify(execFile);
/** Of each call; `OTTO_CALLS=500` is a long run. */
const calls = Number(process.env.OTTO_CALLS ?? 3);
const name = `otto-long-${randomBytes(4).toString("hex")}`;
let parents: Parents;
let image: TestImage;
let container: LabelledContainer;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "otto-long-"));
  await writeFile(join(directory, "file"), "some words\n");
  image = await createBusyboxImage(`${name}:base`);
  container = await runLabelled({ image: image.tag, project: name, service: "api" }, "sleep", "infinity");
  parents = await startParents();
});

afterAll(async () => {
  await parents[Symbol.asyncDispose]();
  await container[Symbol.asyncDispose]();
  await image[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

interface Sample {
  readonly descriptors: number;
  readonly listeners: number;
  readonly processes: number;
  readonly heldMiB: number;
  readonly execMs: number;
}

const heldBytes = createMemoryGauge();

/** What a process that goes on and on must not gather. */
async function sample(host: DockerContainerHost, signal: AbortSignal): Promise<Sample> {
  const cpu = process.cpuUsage();
  for (let n = 0; n < 5; n += 1) await host.exec(["true"], { signal });
  const { user, system } = process.cpuUsage(cpu);
  const { stdout } = await execute("ps", ["-e", "-o", "pid="]);
  return {
    descriptors: (await readdir("/proc/self/fd")).length,
    listeners: getEventListeners(signal, "abort").length,
    processes: stdout.trim().split("\n").length,
    heldMiB: Math.round(heldBytes() / 2 ** 20),
    execMs: Math.round((user + system) / 5 / 100) / 10,
  };
}

function hostOf(parent: Parent): DockerContainerHost {
  const options = { id: `${parent.id}.r.api`, project: name, service: "api", replica: 1, engine: parent.engine };
  return new DockerContainerHost(options);
}

test.each(["local", "ssh with one session and no forwarding"] as const)(
  "a process that lives long gathers nothing (%s)",
  async (way) => {
    const parent = parents.byWay[way];
    await using host = hostOf(parent);
    const { signal } = new AbortController();
    const works: Record<string, () => Promise<unknown>> = {
      exec: () => host.exec(["true"], { signal }),
      run: () => host.run("true", { signal }),
      put: () => host.put(join(directory, "file"), "/copy", { signal }),
      get: () => host.get("/copy", join(directory, "back"), { signal }),
      "exec on the parent": () => parent.exec(["true"], { signal }),
    };
    if (way !== "local") {
      works["a parent opened and closed"] = async () => {
        await using further = connectParent(parents.lab, "narrow");
        await further.exec(["true"]);
      };
    }
    // What is set up once: connections, shells, code that is compiled.
    for (const work of Object.values(works)) for (let n = 0; n < 2; n += 1) await work();
    const rows: ({ readonly after: string } & Sample)[] = [{ after: "the start", ...(await sample(host, signal)) }];
    for (const [after, work] of Object.entries(works)) {
      for (let n = 0; n < calls; n += 1) await work();
      rows.push({ after: `${calls} x ${after}`, ...(await sample(host, signal)) });
    }
    console.table(rows);
    const [first, last] = [rows[0], rows.at(-1)];
    expect(last?.listeners).toBe(first?.listeners);
    expect(last?.descriptors).toBeLessThanOrEqual((first?.descriptors ?? 0) + 4);
    expect(last?.processes).toBeLessThanOrEqual((first?.processes ?? 0) + 4);
    expect(last?.heldMiB).toBeLessThanOrEqual((first?.heldMiB ?? 0) + 16);
  },
  30 * 60_000,
);
