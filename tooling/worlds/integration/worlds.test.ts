import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type LabKindName, labKinds, secondEngineSocket } from "@otto/lab";
import { expect, test } from "vitest";

const execute = promisify(execFile);
const world = fileURLToPath(new URL("../../world", import.meta.url));
const facts = fileURLToPath(new URL("./facts.js", import.meta.url));

/** What the stock world is like. */
const stock = {
  server: "OpenSSH",
  isRoot: true,
  takesSessions: true,
  bastionForwardsPorts: true,
  parentForwardsPorts: true,
  reachesEngine: true,
  // Root may do all by sudo.
  reachesEngineBySudo: true,
  declared: {},
  shell: "/usr/bin/dash",
  buildKitOfLogin: "",
  buildKitHere: "",
  engine: "Engine",
  engineIsUsual: true,
  builder: "2",
  hasBuildx: true,
  usesContainerd: false,
};

/** In what the others differ from it. */
const differences: Readonly<Record<LabKindName, Partial<Record<keyof typeof stock, unknown>>>> = {
  stock: {},
  hardened: { takesSessions: false, parentForwardsPorts: false },
  sudo: { isRoot: false, reachesEngine: false, declared: { command: ["sudo", "-n", "docker"] } },
  "bash-sh": { shell: "/usr/bin/bash" },
  "second-engine": { engineIsUsual: false, declared: { socket: secondEngineSocket } },
  "no-buildkit": { buildKitOfLogin: "0", buildKitHere: "0", builder: "1", hasBuildx: false },
  "containerd-store": { usesContainerd: true },
  dropbear: { server: "dropbear" },
  slow: {},
  podman: { engine: "Podman Engine", builder: "" },
};

test.concurrent.for(Object.keys(labKinds) as LabKindName[])(
  "the world %s is what it says",
  async (kind, { expect }) => {
    const env = { ...process.env, OTTO_LAB_KIND: kind, OTTO_WORLD: undefined };
    const { stdout } = await execute(world, [process.execPath, facts], { env });
    const { roundTripMs, ...found } = JSON.parse(stdout) as { roundTripMs: number };
    expect(found).toEqual({ ...stock, ...differences[kind] });
    // What a timer counts as 25 ms may be a little less.
    expect(roundTripMs).toBeGreaterThan(kind === "slow" ? 48 : 0);
  },
);

test("an unknown kind is refused", async () => {
  const env = { ...process.env, OTTO_LAB_KIND: "soft", OTTO_WORLD: undefined };
  const refused = execute(world, [process.execPath, facts], { env });
  await expect(refused).rejects.toThrow("unknown OTTO_LAB_KIND soft: expected stock, hardened");
});
