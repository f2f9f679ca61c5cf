import { Command } from "commander";
import type { Choose } from "../outcome.js";
import { createKill, createPause, createRestart, createStart, createStop, createUnpause } from "./docker/actions.js";
import { createBuild } from "./docker/build.js";
import { createCp } from "./docker/cp.js";
import { createDown } from "./docker/down.js";
import { createExec } from "./docker/exec.js";
import { createGraph } from "./docker/graph.js";
import { createLogs } from "./docker/logs.js";
import { createPs } from "./docker/ps.js";
import { createPull } from "./docker/pull.js";
import {
  createConfig,
  createImages,
  createInspect,
  createPort,
  createStats,
  createTop,
  createWait,
} from "./docker/queries.js";
import { createServiceRun } from "./docker/run.js";
import { createServiceTest } from "./docker/test.js";
import { createUp } from "./docker/up.js";
import { createTraced } from "./traced-command.js";

/** One file each in `docker/`; each is also a command of its own: `otto up`, `otto compose up`, `otto docker compose up`. */
const verbs: readonly ((choose: Choose) => Command)[] = [
  createBuild,
  createUp,
  createDown,
  createPs,
  createLogs,
  createExec,
  createServiceRun,
  createServiceTest,
  createCp,
  createGraph,
  createPull,
  createStop,
  createStart,
  createRestart,
  createKill,
  createPause,
  createUnpause,
  createImages,
  createTop,
  createStats,
  createConfig,
  createPort,
  createInspect,
  createWait,
];

/** Those whose work can be recorded. */
const traced: ReadonlySet<(choose: Choose) => Command> = new Set([createBuild, createUp, createDown]);

/** `otto docker …` */
export function createDockerCommand(choose: Choose): Command {
  const docker = new Command("docker")
    .summary("otto docker up is otto up, and so is otto compose up")
    .description(
      "Builds images and runs Compose stacks. `otto docker up` is `otto up`, and so is `otto docker compose up`.",
    )
    .commandsGroup("Stacks and images:");
  for (const create of verbs) docker.addCommand(traced.has(create) ? createTraced(choose, create) : create(choose));
  return docker;
}
