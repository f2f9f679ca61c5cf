import { once } from "node:events";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type Lab, startLab } from "@otto/lab";
import type { SshSession } from "ssh2-streamer";
import { afterAll, beforeAll, describe, test } from "vitest";
import { routeTo } from "./lab-route.js";
import { countLeftByAbort, countSleeps, newMark } from "./suite/processes.js";
import { openBy, transports } from "./transports.js";

/** Has a shell run what the client asked for, and waits for it: that shell leads no process group. */
const forced = 'sh -c "$SSH_ORIGINAL_COMMAND"; exit $?';
const programs = "/run/otto-without-setsid";
const names = ["with setsid", "without setsid"] as const;
type HostName = "with-setsid" | "without-setsid";

let lab: Lab<HostName>;

beforeAll(async () => {
  await mkdir(programs, { recursive: true });
  for (const name of ["sh", "sleep"]) await symlink(`/bin/${name}`, join(programs, name)).catch(() => {});
  lab = await startLab({
    hosts: {
      "with-setsid": { sshdConfig: [`ForceCommand ${forced}`] },
      "without-setsid": { sshdConfig: [`ForceCommand PATH=${programs}; export PATH; ${forced}`] },
    },
  });
});

afterAll(() => lab[Symbol.asyncDispose]());

describe.each(transports)("$name", (transport) => {
  describe.concurrent.each(names)("a command of a shell that leads no process group, %s", (name) => {
    let session: SshSession;

    beforeAll(() => {
      session = openBy(transport, routeTo(lab, name.replace(" ", "-")));
    });

    afterAll(() => session.close());

    test("has ended when an abort is told, children too", async ({ expect }) => {
      expect(await countLeftByAbort(session, expect)).toBe(0);
    });

    test("has ended at its deadline, where it does not listen to SIGTERM, too", async ({ expect }) => {
      const mark = newMark();
      const script = `trap '' TERM; sleep ${mark} & sleep ${mark}; sleep ${mark}`;
      // Long enough for a busy machine to start it.
      const running = session.exec(["sh", "-c", script], { timeoutMs: 5000 });
      running.catch(() => {});
      await expect.poll(() => countSleeps(mark)).toBe(2);
      await expect(running).rejects.toMatchObject({ code: "COMMAND_TIMED_OUT" });
      await expect.poll(() => countSleeps(mark)).toBe(0);
    });

    test("gets a signal, and its children do", async ({ expect }) => {
      const mark = newMark();
      const started = await session.spawn(["sh", "-c", `trap 'exit 7' USR1; echo on; sleep ${mark} & sleep ${mark}`]);
      for (const stream of [started.stdout, started.stderr]) stream.resume();
      await expect.poll(() => countSleeps(mark)).toBe(2);
      started.kill("SIGUSR1");
      expect(await started.exit).toEqual({ exitCode: 7 });
      await expect.poll(() => countSleeps(mark)).toBe(0);
    });

    test("cleans up when it is ended", async ({ expect }) => {
      const file = join(lab.directory, `cleaned-${newMark()}`);
      const controller = new AbortController();
      const script = `trap 'echo yes >${file}; exit' TERM; echo on; sleep 60 & wait`;
      const started = await session.spawn(["sh", "-c", script], { signal: controller.signal });
      await once(started.stdout, "data");
      controller.abort(new Error("enough"));
      await expect(started.exit).rejects.toThrow("enough");
      expect(await readFile(file, "utf8")).toBe("yes\n");
    });

    test("a program that is not there is told by its exit code", async ({ expect }) => {
      expect(await session.exec(["no-such-program"])).toMatchObject({ exitCode: 127 });
      expect(await session.exec(["sh", "-c", "exit 3"])).toMatchObject({ exitCode: 3 });
    });
  });
});
