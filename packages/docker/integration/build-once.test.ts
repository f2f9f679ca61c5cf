import { composeDown, composed, composeUp } from "@otto/docker";
import { labJson, type Machines, type Registry, recordEngineEvents, startMachines, startRegistry } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createStackRepo } from "./stack-lab.js";

let machines: Machines<"a" | "b">;
let registry: Registry;

beforeAll(async () => {
  machines = await startMachines({ hosts: { a: {}, b: {} } });
  registry = await startRegistry(undefined, machines.ownAddress);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await machines[Symbol.asyncDispose]();
});

/** A repo whose image `job` is that of a service on each machine. */
async function createSpreadRepo() {
  const stack = await createStackRepo("services: {}\n", machines);
  const name = stack.image.replace(/:.*/, "");
  await machines.loadImage(stack.image);
  await stack.write("lab/lab.json", JSON.stringify(labJson(machines)));
  const composes = ["a", "b"].map((id) => `[[docker.composes]]\npath = "${id}.yml"\ndefault_host = "${id}"\n`);
  await stack.write(
    ".otto/settings.toml",
    `name = "${name}"\nversion = "1"
[[lab.sources]]\nbackend = "json"\npaths = ["lab"]
[docker]\nregistry_url = "${registry.host}"
[[docker.images]]\nname = "job"\ncontext = "job"\ndockerfile = "job/Dockerfile"
${composes.join("")}`,
  );
  const edit = (text: string) => stack.write("job/Dockerfile", `FROM ${stack.image}\nRUN echo ${text} >/job\n`);
  await edit("first");
  for (const id of ["a", "b"]) {
    const image = `${registry.host}/${name}-job`;
    await stack.write(
      `${id}.yml`,
      `services: { on-${id}: { image: "${image}", init: true, command: [sleep, "9999"] } }\n`,
    );
  }
  return { stack, edit, ...(await stack.open(stack.root)) };
}

/** How often each machine pushed and pulled meanwhile. */
async function countTransfers(work: () => Promise<unknown>) {
  const { a, b } = machines.hosts;
  let onB: readonly string[] = [];
  const watchB = async () => {
    onB = (await recordEngineEvents(work, b.engineAddress)).map(({ Action }) => Action);
  };
  const onA = (await recordEngineEvents(watchB, a.engineAddress)).map(({ Action }) => Action);
  const count = (actions: readonly string[], action: string) => actions.filter((each) => each === action).length;
  return [onA, onB].map((actions) => ({ push: count(actions, "push"), pull: count(actions, "pull") }));
}

test("an up, and a use, on two parents build an image once", async () => {
  const { stack, edit, repo, lab } = await createSpreadRepo();
  await using _ = stack;
  await using __ = lab;
  const once = [
    { push: 1, pull: 0 },
    { push: 0, pull: 1 },
  ];
  const up = countTransfers(async () => {
    const hosts = await composeUp(repo, lab);
    for (const service of ["on-a", "on-b"])
      expect((await hosts[service]?.exec("cat /job"))?.stdout.toString()).toBe("first\n");
  });
  expect(await up).toEqual(once);
  await edit("second");
  const use = countTransfers(async () => {
    await using used = await composed(repo, lab);
    for (const host of Object.values(used.hosts))
      expect((await host.exec("cat /job")).stdout.toString()).toBe("second\n");
  });
  expect(await use).toEqual(once);
  await composeDown(repo, lab);
});

test("what fails to be built fails the up on each parent, before anything starts", async () => {
  const { stack, repo, lab } = await createSpreadRepo();
  await using _ = stack;
  await using __ = lab;
  await stack.write("job/Dockerfile", `FROM ${stack.image}\nRUN exit 3\n`);
  const failed = ["a", "b"].map((parent) => ({ parent, code: "BUILD_FAILED" }));
  await expect(composeUp(repo, lab)).rejects.toMatchObject({ code: "LAB_PARTS_FAILED", details: { failed } });
});
