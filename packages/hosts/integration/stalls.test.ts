import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { withRemoteLock } from "@otto/hosts";
import { createBusyboxImage, startLab } from "@otto/lab";
import { expect, test } from "vitest";
import { connectParent } from "./conformance-parents.js";
import { runLabelled } from "./labelled-container.js";

/** Ten times as long as a silent link is trusted, and longer than the time limits of what is under way. */
const stillMs = 6000;
const keepalive = { keepaliveIntervalMs: 200, keepaliveCountMax: 3 };

test.concurrent.each(["is stopped", "has a blocked event loop"])(
  "a process that %s for long loses nothing",
  async (how) => {
    const id = randomBytes(4).toString("hex");
    const [project, image, lock] = [`otto-still-${id}`, `otto-still-${id}:1`, `still-${id}`];
    await using _image = await createBusyboxImage(image);
    await using lab = await startLab({ hosts: { parent: {} } });
    const count = "for i in $(seq 60); do echo $i; usleep 150000; done; sleep 60";
    await using _container = await runLabelled({ image, project, service: "api" }, "sh", "-c", count);
    const { address, port, user, privateKeyPath, fingerprint, docker: declared } = lab.hosts.parent;
    const credentials = [{ username: user, privateKeys: [{ path: privateKeyPath }] }];
    const endpoint = { name: "parent", host: address, port, credentials, hostKey: { pin: fingerprint }, ...keepalive };
    const blockMs = how === "is stopped" ? 0 : stillMs;
    const docker = { command: declared.command };
    const setting = JSON.stringify({ endpoint, docker, socketPath: declared.socketPath, project, lock, blockMs });
    const script = fileURLToPath(new URL("stand-still.js", import.meta.url));
    const child = spawn(process.execPath, [script, setting], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("ready");
    const handshakes = await lab.hosts.parent.handshakes();
    await using other = connectParent(lab, "parent");
    let [isFree, wasFree] = [false, false];
    const waiting = withRemoteLock(other, { name: lock, who: "other" }, async () => {
      isFree = true;
    });
    child.stdin.write("go\n");
    if (how === "is stopped") {
      child.kill("SIGSTOP");
      await delay(stillMs);
      wasFree = isFree;
      child.kill("SIGCONT");
    }
    const { value } = (await lines.next()) as { value: string };
    const done = [0, false, "done\n"];
    const answered = ["got hello\n", { exitCode: 0 }];
    expect(JSON.parse(value)).toEqual({ onParent: done, inContainer: done, asked: [answered, answered], numbers: 60 });
    expect(wasFree).toBe(false);
    await waiting;
    // The other one's own, and none of the process that stood still.
    expect(await lab.hosts.parent.handshakes()).toBe(handshakes + 1);
  },
);
