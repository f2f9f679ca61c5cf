import type { ComposeService } from "@otto/compose-files";
import { createRedactor, Secret } from "@otto/errors";
import { expect, test } from "vitest";
import type { ContainerChange } from "../observed/container-events.js";
import type { ObservedContainer } from "../observed/observed-stack.js";
import type { StackEvent } from "./stack-event.js";
import { createStackProgress, withoutTransfers } from "./stack-progress.js";

const service = (name: string, more: Partial<ComposeService> = {}) =>
  ({ name, dependsOn: [], restart: "no", ...more }) as unknown as ComposeService;
const after = (name: string, condition: ComposeService["dependsOn"][number]["condition"]) => ({
  ...{ service: name, condition, required: true, restart: false },
});
const services = [
  service("db"),
  service("migrate", { dependsOn: [after("db", "service_healthy")] }),
  service("web", { dependsOn: [after("db", "service_healthy"), after("migrate", "service_completed_successfully")] }),
  service("worker", { restart: "always" }),
];

/** Feeds a progress with what happens, and returns its events as lines. */
function follow(options: { before?: readonly ObservedContainer[]; redact?: string } = {}) {
  const events: StackEvent[] = [];
  let time = 0;
  const progress = createStackProgress({
    ...{ project: "shop", services, before: options.before ?? [], now: () => time },
    redactor: createRedactor(options.redact === undefined ? [] : [new Secret(options.redact)]),
    onEvent: (event) => events.push(event),
  });
  progress.begin({ services: services.map(({ name }) => name), replaced: new Set() });
  const hear = (name: string, action: ContainerChange["action"], more: Partial<ContainerChange> = {}) => {
    const change = { id: name, action, service: name, replica: 1, name: `shop-${name}-1`, exitCode: 0, said: "" };
    progress.hear({ ...change, ...more });
  };
  const lines = () => events.splice(0).map(formatEvent);
  return { progress, hear, lines, wait: (ms: number) => (time += ms) };
}

function formatEvent(event: StackEvent): string {
  if (event.type === "compose.service") {
    const { service: name, replica, state, waitsFor = [], exitCode, afterMs, detail } = event;
    const words = [state, ...waitsFor, exitCode, afterMs === undefined ? undefined : `${afterMs}ms`, detail];
    return `${name}${replica ?? ""} ${words.filter((word) => word !== undefined).join(" ")}`;
  }
  const { type: _, project: __, ...rest } = event;
  return Object.values(rest).join(" ");
}

// Of Compose 2.26.1 with `--ansi never`, written to a pipe.
const pulled = `web Pulling
 760962a7491f Already exists
 ad28302f26cd Pulling fs layer
 ad28302f26cd Downloading [>                                   ]  557.1kB/60.02MB
 ad28302f26cd Downloading [=======================>            ]  47.91MB/60.02MB
 ad28302f26cd Verifying Checksum
 ad28302f26cd Download complete
 ad28302f26cd Extracting [===============>                     ]  31.75MB/60.02MB
 ad28302f26cd Pull complete
 web Pulled
`;

test("a pull is told with its bytes, and each step of it once", () => {
  const { progress, lines } = follow();
  expect(progress.read(pulled)).toBe("");
  expect(lines()).toEqual([
    "web pulling",
    "web downloading 557100 60020000",
    "web downloading 47910000 60020000",
    "web extracting 60020000 60020000",
    "web extracting 60020000 60020000",
    "web extracting 60020000 60020000",
    "web pulled",
  ]);
});

const built = `#0 building with "default" instance using docker driver

#1 [web internal] load build definition from Dockerfile
#1 transferring dockerfile: 133B done
#1 DONE 0.0s

#5 [web 1/3] FROM docker.io/library/bb:1
#5 CACHED

#6 [web 2/3] RUN make
#6 0.268 hello 1
`;
const ended = `#6 DONE 3.4s

#8 [web] exporting to image
#8 DONE 0.0s
#9 [web] resolving provenance for metadata file
#9 DONE 0.0s
`;

test("a build that compose does is told step by step, with what its steps write", () => {
  const { progress, lines } = follow();
  expect(progress.read(built)).toBe("");
  expect(lines()).toEqual([
    "web building",
    "web [1/3] FROM docker.io/library/bb:1 cached",
    "web [2/3] RUN make started",
    "web hello 1",
  ]);
  progress.read(ended);
  expect(lines()).toEqual(["web [2/3] RUN make done", "web built"]);
});

test("a chain of services: each waits by name for what is not yet as it wants it", () => {
  const { progress, hear, lines, wait } = follow();
  progress.read(" Network shop_default  Creating\n Container shop-db-1  Creating\n Container shop-db-1  Created\n");
  progress.read(" Container shop-migrate-1  Created\n Container shop-web-1  Created\n");
  expect(lines()).toEqual([
    "network shop_default creating",
    ...["db1 creating", "db1 created"],
    ...["migrate1 created", "migrate1 waiting db", "web1 created", "web1 waiting db migrate"],
  ]);
  progress.read(" Container shop-db-1  Starting\n");
  for (const name of ["db", "migrate", "web"]) hear(name, "create");
  hear("db", "start");
  progress.read(" Container shop-db-1  Started\n Container shop-db-1  Waiting\n");
  wait(3100);
  hear("db", "healthy");
  progress.read(" Container shop-db-1  Healthy\n Container shop-migrate-1  Starting\n");
  hear("migrate", "start");
  wait(500);
  hear("migrate", "die");
  expect(lines()).toEqual([
    ...["db1 starting", "db1 running", "db1 healthy 3100ms", "web1 waiting migrate"],
    ...["migrate1 starting", "migrate1 running", "migrate1 exited 0 500ms"],
  ]);
});

test("what fails says so with the last it wrote, clean and without secrets", () => {
  const { hear, lines } = follow({ redact: "hunter22" });
  for (const name of ["web", "worker"]) hear(name, "create");
  hear("worker", "start");
  hear("worker", "die", { exitCode: 3, said: "login as hunter22\u001b[2J failed" });
  hear("web", "start");
  hear("web", "unhealthy", { said: "connection refused" });
  hear("web", "die", { exitCode: 1, said: "" });
  expect(lines().filter((line) => !/created|waiting|running/.test(line))).toEqual([
    "worker1 restarting 3 0ms login as [redacted] failed",
    "web1 unhealthy 0ms connection refused",
    "web1 exited 1 0ms",
  ]);
});

const old = { service: "web", replica: 1, state: "running", health: undefined, name: "shop-web-1", id: "old" };

test("a container that is replaced stops, and does not fail", () => {
  const { progress, hear, lines } = follow({ before: [old as ObservedContainer] });
  progress.begin({ services: ["web"], replaced: new Set(["old"]) });
  progress.read(" Container shop-web-1  Recreate\n");
  hear("web", "create", { name: "0123456789ab_shop-web-1" });
  hear("web", "die", { id: "old", exitCode: 137 });
  hear("web", "destroy", { id: "old" });
  progress.read(" Container shop-web-1  Recreated\n Container shop-web-1  Starting\n");
  hear("web", "start");
  const told = lines();
  expect(told[0]).toBe("web1 creating");
  expect(told.at(-1)).toBe("web1 running");
  expect(told.join()).not.toMatch(/exited|removed/);
});

test("events of containers that went before, or of nobody's, are not told", () => {
  const { hear, lines } = follow();
  hear("web", "die", { id: "gone", exitCode: 137 });
  hear("", "create");
  expect(lines()).toEqual([]);
});

test("a tear-down knows the containers by their names", () => {
  const events: StackEvent[] = [];
  const before = [{ ...old, name: "my-web" } as ObservedContainer];
  const progress = createStackProgress({ project: "shop", before, onEvent: (event) => events.push(event) });
  progress.read(" Container my-web  Stopping\n Container my-web  Stopped\n Container my-web  Removing\n");
  progress.read(" Container my-web  Removed\n Network shop_default  Removing\n Network x  Resource is still in use\n");
  expect(events.map(formatEvent)).toEqual([
    ...["web1 stopping", "web1 stopped", "web1 removing", "web1 removed"],
    ...["network shop_default removing", "network x kept"],
  ]);
});

test("containers that are stopped, started, restarted, paused and unpaused say so, by compose's words alone", () => {
  const events: StackEvent[] = [];
  const before = [old as ObservedContainer];
  const progress = createStackProgress({ project: "shop", before, onEvent: (event) => events.push(event) });
  const words = ["Stopping", "Stopped", "Starting", "Started", "Restarting", "Started", "Pausing", "Paused"];
  for (const word of [...words, "Unpausing", "Unpaused", "Killing", "Killed"])
    progress.read(` Container shop-web-1  ${word}\n`);
  expect(events.map((event) => "state" in event && event.state)).toEqual([
    ...["stopping", "stopped", "starting", "running", "restarting", "running", "paused", "running"],
    ...["stopping", "stopped"],
  ]);
});

test("what no event says is left, and what failed is read without the progress of transfers", () => {
  const { progress } = follow();
  const warning = 'time="2026-01-01T00:00:00Z" level=warning msg="x"\n';
  expect(progress.read(`${warning} Container shop-db-1  Creating\n\n`)).toBe(warning);
  expect(withoutTransfers({ exitCode: 1, output: `${pulled}pull access denied` }).output).toBe(
    "web Pulling\n web Pulled\npull access denied",
  );
});
