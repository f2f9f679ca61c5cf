import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DockerContainerHost, type Parent } from "@otto/hosts";
import { createBusyboxImage, findGrowth, type LongWork, type TestImage } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectParent, type Parents, startParents } from "./conformance-parents.js";
import { type LabelledContainer, runLabelled } from "./labelled-container.js";

/** Of each call, of `exec` four times as many; `OTTO_CALLS=500` is a long run. */
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
    const works = new Map<string, LongWork>([
      ["exec", { times: 4 * calls, work: () => host.exec(["true"], { signal }) }],
      ["run", { times: calls, work: () => host.run("true", { signal }) }],
      ["put", { times: calls, work: () => host.put(join(directory, "file"), "/copy", { signal }) }],
      ["get", { times: calls, work: () => host.get("/copy", join(directory, "back"), { signal }) }],
      ["exec on the parent", { times: calls, work: () => parent.exec(["true"], { signal }) }],
    ]);
    if (way !== "local") works.set("a parent opened and closed", { times: calls, work: openFurther });
    const exec = () => host.exec(["true"], { signal });
    expect(await findGrowth({ directory: parents.lab.directory, signal, exec, works })).toEqual([]);
  },
  30 * 60_000,
);

async function openFurther(): Promise<void> {
  await using further = connectParent(parents.lab, "narrow");
  await further.exec(["true"]);
}
