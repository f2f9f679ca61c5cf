import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { isOttoError } from "@otto/errors";
import type { CopyOptions, CopyProgress, Parent } from "@otto/hosts";
import { type Lab, type LabProxy, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectParent } from "./conformance-parents.js";
import { listTree, makeFiles } from "./file-trees.js";

let lab: Lab<"parent">;
let parent: Parent;
let proxy: LabProxy;
let directory: string;
let source: string;
let target: string;

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: { proxy: {} } } });
  if (lab.hosts.parent.proxy === undefined) throw new Error("the parent has a proxy");
  proxy = lab.hosts.parent.proxy;
  parent = connectParent(lab, "parent");
  directory = await mkdtemp(join(tmpdir(), "otto-copies-"));
  source = join(directory, "source");
  target = join(directory, "target");
  await makeFiles(source, { "sub/word": "new" });
  // Larger than what is read of it at once, so that it would stay open.
  await writeFile(join(source, "large"), randomBytes(1_500_000));
});

afterAll(async () => {
  await parent[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** A target that has something already; what is in it. */
async function layTarget(): Promise<readonly string[]> {
  await rm(target, { recursive: true, force: true });
  await mkdir(target);
  await makeFiles(target, { "sub/word": "old", kept: "kept" });
  return namesAndContents();
}

async function namesAndContents(): Promise<readonly string[]> {
  const time = / \d{9,}(?= |$)/;
  return (await listTree(target)).map((line) => line.replace(time, ""));
}

test("a log that grows while it is read is copied with its tree, and a warning names it", async () => {
  const log = join(directory, "growing", "log");
  await makeFiles(join(directory, "growing"), { after: "A", "sub/word": "W" });
  // More than a link holds on its way.
  await writeFile(log, Buffer.alloc(32 << 20, "x"));
  const onProgress = () => appendFileSync(log, "more");
  const result = await parent.get(join(directory, "growing"), join(directory, "grown"), { onProgress });
  expect(result.warnings).toEqual([expect.stringMatching(/growing on parent: .*\.\/log: /)]);
  const grown = join(directory, "grown");
  expect((await readFile(join(grown, "log"))).subarray(0, 32 << 20).equals(Buffer.alloc(32 << 20, "x"))).toBe(true);
  expect(await readFile(join(grown, "after"), "utf8")).toBe("A");
  expect(await readFile(join(grown, "sub/word"), "utf8")).toBe("W");
});

/** The files below the directory that this process has open. */
async function openFiles(): Promise<readonly string[]> {
  const links = await Promise.all(
    (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
  );
  return links.filter((link) => link.startsWith(directory));
}

type Copy = (options?: CopyOptions) => Promise<unknown>;

const copies: Readonly<Record<string, Copy>> = {
  put: (options) => parent.put(`${source}/.`, target, options),
  get: (options) => parent.get(`${source}/.`, target, options),
};

function lostOr(error: unknown): unknown {
  return isOttoError(error) && error.code.startsWith("SSH_") ? "lost" : error;
}

/** All is as it was before or, where only the last word was lost, as it should become. */
async function expectWhole(states: readonly (readonly string[])[]): Promise<void> {
  const texts = states.map((state) => JSON.stringify(state));
  await expect.poll(async () => JSON.stringify(await namesAndContents())).toBeOneOf(texts);
  await expect.poll(openFiles).toEqual([]);
}

// In the login, in the commands that look at both sides, where the copy starts, and in its content.
const places = [3000, 5000, 6000, 7000, 8000, 9000, 12_000, 400_000, 1_490_000];

test.each(Object.entries(copies))(
  "a %s whose link is cut anywhere is whole or an error, and leaves nothing behind",
  async (_, copy) => {
    await layTarget();
    await copy();
    const copied = await namesAndContents();
    const outcomes: unknown[] = [];
    for (const place of places) {
      const before = await layTarget();
      proxy.cut();
      const cut = proxy.cutAfter(place);
      const outcome = await copy().then(() => "copied", lostOr);
      await cut;
      // The login is tried again by itself.
      expect(["copied", "lost"], `${place}`).toContain(outcome);
      await expectWhole(outcome === "copied" ? [copied] : [before, copied]);
      outcomes.push(outcome);
      await copy();
      expect(await namesAndContents()).toEqual(copied);
    }
    expect(outcomes.filter((outcome) => outcome === "lost").length).toBeGreaterThan(4);
  },
);

test.each(Object.entries(copies))("an abort ends a %s anywhere, and leaves nothing behind", async (_, copy) => {
  for (const place of [1, 500_000, 1_000_000]) {
    const before = await layTarget();
    const controller = new AbortController();
    const onProgress = ({ bytes }: CopyProgress) => {
      if (bytes >= place) controller.abort();
    };
    await expect(copy({ onProgress, signal: controller.signal })).rejects.toMatchObject({ name: "AbortError" });
    await expectWhole([before]);
  }
});

test("a command that has ended well is an error when the link is cut before all of its output has come", async () => {
  // sshd alone waits for what a command leaves running; Dropbear ends the session with its command.
  await using openssh = await startLab({ hosts: { parent: { server: "openssh", proxy: {} } } });
  await using parent = connectParent(openssh, "parent");
  const begun = join(directory, "begun");
  const line = `echo some; { touch ${begun}; sleep 60; echo more; } & exit 0`;
  const [stdout, stderr] = [new PassThrough().resume(), new PassThrough().resume()];
  const running = [parent.exec(line), parent.exec(line, { output: { stdout, stderr } })];
  const outcomes = Promise.allSettled(running);
  await once(stdout, "data");
  await expect.poll(() => existsSync(begun)).toBe(true);
  openssh.hosts.parent.proxy?.cut();
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "SSH_CONNECTION_LOST" } });
  }
});
