import { expect, test } from "vitest";
import { type ContainerReport, createReport } from "./container-report.js";
import { adviseFailure } from "./failure-hint.js";

const base: ContainerReport = {
  ...createReport({ service: "a", name: "p-a-1", state: "exited", exitCode: 1, restarts: 0 } as never, undefined, ""),
  image: "bb:1",
};
const advise = (container: Partial<ContainerReport> | undefined, output = "") =>
  adviseFailure({ host: "bench", service: "a", container: container && { ...base, ...container }, output });

const runtime =
  "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process:";
const probe = (output: string, exitCode = 1) => ({
  ...{ state: "running", health: "unhealthy", exitCode: 0 },
  probe: { command: "curl -f http://localhost", exitCode, output },
});

// What engine 26.1.5 with runc 1.1 and tini 0.19 says; Podman's crun 1.21 where it differs.
test.each<[string, Partial<ContainerReport> | undefined, string, RegExp]>([
  [
    "a port that a process has",
    {
      state: "created",
      startError:
        "driver failed programming external connectivity on endpoint port-a-1 (25011ce686): Error starting userland proxy: listen tcp4 0.0.0.0:8099: bind: address already in use",
    },
    "",
    /^Port 8099 of bench is taken\. .*run: otto host bench exec ss -ltnp/,
  ],
  [
    "a port that a container has",
    {
      state: "created",
      startError:
        "driver failed programming external connectivity on endpoint b (aa): Bind for 0.0.0.0:8080 failed: port is already allocated",
    },
    "",
    /^Port 8080 of bench is taken\. .*run: otto docker ps --all-stacks --on bench/,
  ],
  [
    "a bind source that is not there",
    undefined,
    'Error response from daemon: invalid mount config for type "bind": bind source path does not exist: /nowhere/x\n',
    /^\/nowhere\/x is not on bench: make it there/,
  ],
  [
    "a command that is not there",
    {
      state: "created",
      exitCode: 127,
      startError: `${runtime} exec: "/no-such": stat /no-such: no such file or directory: unknown`,
    },
    "",
    /^The image bb:1 has no program \/no-such: /,
  ],
  [
    "a command that is not in the PATH",
    {
      state: "created",
      exitCode: 127,
      startError: `${runtime} exec: "nosuch": executable file not found in $PATH: unknown`,
    },
    "",
    /^The image bb:1 has no program nosuch: /,
  ],
  [
    "the same by crun",
    {
      state: "created",
      exitCode: 127,
      startError: "crun: executable file `nosuch` not found in $PATH: No such file or directory",
    },
    "",
    /no program nosuch: /,
  ],
  [
    "the same by tini",
    { exitCode: 127, logs: "[FATAL tini (7)] exec nosuch failed: No such file or directory" },
    "",
    /no program nosuch: /,
  ],
  [
    "the same by a shell",
    { exitCode: 127, logs: "starting\nsh: nosuchprog: not found" },
    "",
    /no program nosuchprog: /,
  ],
  [
    "the same by bash",
    { exitCode: 127, logs: "/run.sh: line 3: gunicorn: command not found" },
    "",
    /no program gunicorn: /,
  ],
  ["the same by dash", { exitCode: 127, logs: "/run.sh: 3: gunicorn: not found" }, "", /no program gunicorn: /],
  [
    "a command that is a directory",
    {
      state: "created",
      exitCode: 126,
      startError: `${runtime} exec: "/tmp": is a directory: unknown: permission denied`,
    },
    "",
    /^\/tmp cannot be executed in the image bb:1/,
  ],
  ["another processor", { exitCode: 1, logs: "exec /prog: exec format error" }, "", /not for the processor of bench/],
  ["no memory within a limit", { exitCode: 137, isOutOfMemory: true, memoryLimit: 64 << 20 }, "", /now 64 MiB/],
  ["no memory at all", { exitCode: 137, isOutOfMemory: true }, "", /^bench had no memory left/],
  [
    "a read-only root",
    { hasReadOnlyRoot: true, logs: "sh: can't create /data: Read-only file system" },
    "",
    /read-only \(`read_only: true`\).*, \/data\.$/,
  ],
  [
    "a user that is not there",
    { state: "created", startError: "unable to find user nosuch: no matching entries in passwd file" },
    "",
    /^The image bb:1 has no user nosuch/,
  ],
  [
    "a device that is not there",
    {
      state: "created",
      startError:
        'error gathering device information while adding custom device "/dev/nosuch": no such file or directory',
    },
    "",
    /^bench has no \/dev\/nosuch/,
  ],
  [
    "a driver that is not there",
    { state: "created", startError: 'could not select device driver "nvidia" with capabilities: [[gpu]]' },
    "",
    /no device driver "nvidia"/,
  ],
  [
    "a directory over a file",
    {
      state: "created",
      exitCode: 127,
      startError: `${runtime} error during container init: error mounting "/s/conf" to rootfs at "/bin/busybox": create mount destination for /bin/busybox mount: cannot mkdir in /x/bin/busybox: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type`,
    },
    "",
    /^The mount of \/bin\/busybox has a directory where/,
  ],
  ["a full disk", { logs: "write /data/x: no space left on device" }, "", /^A disk of bench is full/],
  [
    "an external network that is not there",
    undefined,
    "network nosuchnet declared as external, but could not be found\n",
    /docker network create nosuchnet$/,
  ],
  [
    "a health check whose program is not there",
    probe(
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "curl": executable file not found in $PATH: unknown',
      -1,
    ),
    "",
    /^The health check runs curl, which the image bb:1 does not have/,
  ],
  ["the same by a shell", probe("/bin/sh: curl: not found", 127), "", /^The health check runs curl, /],
  [
    "a health check that takes too long",
    probe("Health check exceeded timeout (400ms)", -1),
    "",
    /did not end within 400ms/,
  ],
])("%s has its own hint", (_, container, output, hint) => {
  expect(advise(container, output)).toMatch(hint);
});

test.each<[string, Partial<ContainerReport>]>([
  ["a program's own failure", { exitCode: 3, logs: "no database" }],
  ["a health check's own failure", probe("no database", 7)],
  ["a file that a program does not find", { exitCode: 1, logs: "cat: /data: not found" }],
  ["a read-only mount of a root that is not", { logs: "sh: can't create /data: Read-only file system" }],
  ["a health check that passed", { ...probe("/bin/sh: curl: not found", 127), health: "healthy" }],
])("%s has none: its log says what is wrong", (_, container) => {
  expect(advise(container)).toBeUndefined();
});
