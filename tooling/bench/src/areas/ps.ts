import { commandOverSsh, dockerOverSsh } from "../command-contender.js";
import { type RunningContainer, startContainer } from "../container.js";
import type { LinkName } from "../link.js";
import type { CommandOutput } from "../measure-command.js";
import type { Area, Bench, Row } from "../row.js";
import { expectEqual } from "../shell.js";

export const ps: Area = {
  name: "ps",
  title: "Listing containers",
  about: "`otto docker ps` of one stack against `docker ps`. Whole commands.",
  usesLinks: true,
  open: async (bench) => {
    const container = await startContainer(bench, { name: "bench-ps" });
    const rows = [...bench.links.keys()].flatMap((link) => stackRows(bench, link, container));
    return { rows, [Symbol.asyncDispose]: () => container[Symbol.asyncDispose]() };
  },
};

function stackRows({ ssh }: Bench, link: LinkName, container: RunningContainer): readonly Row[] {
  const words = () => ["ps", "--quiet", "--filter", `id=${container.id}`];
  const expectListed = ({ stdout }: CommandOutput) => expectEqual("containers", stdout.trim(), container.id);
  const ottoRow = (what: string, persists: boolean): Omit<Row, "theirs"> => ({
    what,
    link,
    ours: (subject) => ({
      name: subject.name,
      run: ({ route }) => {
        const repo = persists ? container.persistent(route) : container.repo(route);
        return subject.cli(["docker", "ps", "--json"], repo.settings);
      },
      check: ({ stdout }: CommandOutput) =>
        expectEqual(
          "containers",
          listContainers(stdout).map((id) => id.slice(0, 12)),
          [container.id],
        ),
    }),
  });
  const shared = dockerOverSsh(ssh.shared, { words, check: expectListed });
  const sshDockerPs = commandOverSsh("ssh docker ps", ssh.shared, {
    words: () => ["docker", ...words()],
    check: expectListed,
  });
  return [
    {
      ...ottoRow("docker ps", false),
      theirs: [dockerOverSsh(ssh.plain, { words, check: expectListed }), shared, sshDockerPs],
    },
    { ...ottoRow("docker ps, connection persists", true), theirs: [shared, sshDockerPs] },
  ];
}

/** Ids of the containers that `otto docker ps --json` printed. */
function listContainers(stdout: string): string[] {
  const records = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return records.flatMap(({ container, id }) => [container, id].filter((each) => typeof each === "string"));
}
