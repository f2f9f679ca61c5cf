import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { createBusyboxImage, type Lab, labJson, startLab, type TestImage } from "@otto/lab";
import { afterAll, beforeAll, test } from "vitest";
import { startOtto } from "./otto-process.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

const execute = promisify(execFile);
let lab: Lab<"mute" | "here">;
let repo: TestRepo;
let image: TestImage;

beforeAll(async () => {
  lab = await startLab({ hosts: { mute: { proxy: {} }, here: {} } });
  lab.hosts.mute.proxy?.swallow(true);
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  const { hosts, links } = labJson(lab, "veg");
  // Only the silent one's time is short: the other may take long on a busy machine.
  const limited = hosts.map((host) =>
    host.element === "mute" ? { ...host, ssh_options: { ...host.ssh_options, connect_timeout: 10 } } : host,
  );
  await repo.write("lab.json", JSON.stringify({ hosts: limited, links }));
  image = await createBusyboxImage(`${repo.name}:1`);
  await execute("docker", ["run", "--detach", "--network", "none", "--name", repo.name, image.tag, "sleep", "600"]);
});

afterAll(async () => {
  await execute("docker", ["rm", "--force", repo.name]);
  for (const one of [image, repo, lab]) await one[Symbol.asyncDispose]();
});

test.concurrent.for([["--json"], []])(
  "the rows of others are there before a silent parent's limit, %j",
  async (flags, { expect }) => {
    const child = startOtto(repo.place, ["docker", "ps", "--all-stacks", ...flags]);
    let stdout = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    const closed = once(child, "close");
    await expect.poll(() => stdout).toContain(repo.name);
    expect(stdout).not.toContain("mute");
    expect(await closed).toEqual([1, null]);
    const silent = stdout.split("\n").find((line) => line.includes("mute"));
    expect(silent).toMatch(
      flags.length === 0
        ? /^mute +error\[SSH_CONNECT_FAILED\]: connecting to mute/
        : /"SSH_CONNECT_FAILED".*"parent":"mute"/,
    );
  },
);
