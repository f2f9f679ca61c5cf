import { join } from "node:path";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { makeFiles } from "../file-trees.js";
import type { Capability } from "./capability.js";
import type { Host } from "./host.js";
import type { HostTests } from "./host-tests.js";

const terminal = () => ({ input: new PassThrough(), output: new PassThrough(), setRawMode: () => {} });

/** Ways to ask for what a host may be without. */
const attempts: Readonly<Record<Capability, (host: Host, directory: string) => readonly (() => Promise<unknown>)[]>> = {
  commands: (host) => [
    () => host.exec(["true"]),
    () => host.exec("true"),
    () => host.spawn(["true"]),
    () => host.run("true"),
    () => host.login(terminal()),
    () => host.forward(0, 80),
  ],
  "a shell": (host) => [
    () => host.run("true"),
    () => host.session("further").run("true"),
    () => host.login(terminal()),
    () => host.exec("true"),
  ],
  "a login without a terminal of its own": (host) => [() => host.login(terminal())],
  "files that are replaced in one step": (host, directory) => [
    async () => {
      const root = join(directory, `in-place-${host.id}`);
      await makeFiles(root, { "here/t/g": "G", "there/t/g/x": "before" });
      await host.put(`${root}/here/t`, `${root}/there`);
    },
  ],
};

/** That what a host is without is refused as declared. */
export function testRefusals({ host, directory, lacks }: HostTests): void {
  test.each(Object.entries(lacks))("refuses %s", async (capability, { reason, error }) => {
    for (const attempt of attempts[capability as Capability](host(), directory())) {
      await expect(attempt(), reason).rejects.toMatchObject(error);
    }
  });
}
