import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { composePs } from "@otto/docker";
import { createBusyboxImage } from "@otto/lab";
import fc from "fast-check";
import { requireReference } from "../reference-command.js";
import type { Facts, Outcome, Verb } from "../verb.js";
import { openLocalParent } from "./lab-parent.js";
import { oneByOne } from "./one-by-one.js";

type State = "created" | "running" | "paused" | "exited" | "killed";

/** Containers that are there, and whether stopped ones are asked for too. */
export interface PsInput {
  readonly containers: readonly {
    readonly flags: readonly string[];
    readonly command: readonly string[];
    readonly state: State;
  }[];
  readonly all: boolean;
}

const flag = fc.constantFrom(
  ...[
    ["--publish", "127.0.0.1::80"],
    ["--publish", "80"],
    ["--publish", "[::1]::53/udp"],
    ["--publish", "7000-7002"],
  ],
  ...[
    ["--expose", "9000"],
    ["--label", "a=b"],
    ["--label", "c=d,e=f"],
    ["--label", "empty"],
    ["--network", "none"],
  ],
  ...[
    ["--volume", "/data"],
    ["--volume", "/tmp:/host"],
    ["--tmpfs", "/scratch"],
    ["--network", "host"],
  ],
  ...[
    ["--health-cmd", "true", "--health-interval", "1h"],
    ["--hostname", "h"],
    ["--expose", "9001-9003/udp"],
  ],
);
const command = fc.constantFrom(
  ...[
    ["sleep", "infinity"],
    ["sh", "-c", "exec sleep infinity"],
    ["sleep", "1000"],
    ["sh", "-c", "echo \"é\" 'x'; sleep 999"],
  ],
  ...[
    ["sh", "-c", `true ${"long ".repeat(20)}; sleep 999`],
    ["sh", "-c", "echo a\nsleep 999"],
  ],
);

/** The containers of an engine. */
export const psVerb: Verb<PsInput> = {
  name: "ps",
  reference: "docker ps",
  inputs: fc.record({
    containers: fc.array(
      fc.record({
        flags: fc.array(flag, { maxLength: 3 }).map((flags) => flags.flat()),
        command,
        state: fc.constantFrom<State[]>("created", "running", "running", "paused", "exited", "killed"),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    all: fc.constantFrom(true, true, false),
  }),
  batch: 1,
  async open() {
    const name = `otto-ps-${randomBytes(4).toString("hex")}`;
    const image = await createBusyboxImage(`${name}:latest`);
    const parent = openLocalParent();
    return {
      compareAll: oneByOne(async ({ containers, all }): Promise<Outcome> => {
        const made: string[] = [];
        try {
          for (const [index, one] of containers.entries())
            made.push(await makeContainer(`${name}-${index}`, image.tag, one));
          const isOurs = (row: Facts) => row.Names?.startsWith(name) === true;
          // A second passes, a container's end comes through: until Docker says the same before and after.
          for (;;) {
            const before = factsOf((await askDocker(all)).filter(isOurs));
            const rows = (await composePs(parent, { all })).map((row) => ({ ...row })).filter(isOurs);
            const reference = factsOf((await askDocker(all)).filter(isOurs));
            if (isDeepStrictEqual(before, reference)) return { ours: factsOf(rows), reference };
          }
        } finally {
          if (made.length > 0) await requireReference(["docker", "rm", "--force", "--volumes", ...made]);
        }
      }),
      async [Symbol.asyncDispose]() {
        await parent[Symbol.asyncDispose]();
        await image[Symbol.asyncDispose]();
      },
    };
  },
};

async function makeContainer(name: string, image: string, one: PsInput["containers"][number]): Promise<string> {
  await requireReference(["docker", "create", "--name", name, ...withOneNetwork(one.flags), image, ...one.command]);
  if (one.state !== "created") await requireReference(["docker", "start", name]);
  if (one.state === "paused") await requireReference(["docker", "pause", name]);
  if (one.state === "exited") await requireReference(["docker", "stop", "--time", "0", name]);
  if (one.state === "killed") await requireReference(["docker", "kill", name]);
  if (one.state === "killed") await requireReference(["docker", "wait", name]);
  return name;
}

/** A container has one network; the first that is named counts. */
function withOneNetwork(flags: readonly string[]): string[] {
  const first = flags.indexOf("--network");
  return flags.flatMap((word, index) => {
    const isLater = first >= 0 && index > first + 1 && (word === "--network" || flags[index - 1] === "--network");
    return isLater ? [] : [word];
  });
}

async function askDocker(all: boolean): Promise<Facts[]> {
  const options = [...(all ? ["--all"] : []), "--no-trunc", "--format", "{{json .}}"];
  const stdout = await requireReference(["docker", "ps", ...options]);
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const row = JSON.parse(line) as Record<string, string>;
    return { ...row, ID: row.ID?.slice(0, 12) ?? "" };
  });
}

/** The time of creation is written in another form. What no row of otto has is not compared. */
const columns = ["ID", "Image", "Command", "State", "Status", "Ports", "Labels", "Networks"];

function factsOf(rows: readonly Facts[]): Facts {
  const facts = rows.flatMap((row, index) => [
    [`row ${index}`, row.Names],
    ...columns.map((column) => [`${row.Names} ${column}`, row[column]]),
    // The engine keeps mounts in a Go map: their order differs from one answer to the next.
    [`${row.Names} Mounts`, row.Mounts?.split(",").toSorted().join(",")],
  ]);
  return Object.fromEntries(facts) as Facts;
}
