import { engineSocketPath } from "@otto/lab";
import type { Calls } from "../calls.js";
import { commandContender, commandOverSsh, dockerOverSsh } from "../command-contender.js";
import { type RunningContainer, startContainer } from "../container.js";
import { createEngineExec } from "../engine-exec.js";
import { isFar, type LinkName } from "../link.js";
import type { Area, Bench, Contender, Row } from "../row.js";
import { expectEqual, shellArgv } from "../shell.js";
import type { SshClient } from "../ssh-client.js";

const many = 100;
/** A default sshd allows ten sessions on a connection, and more parallel starts slow the engine down. */
const atOnce = 8;
/** Longer than an engine takes to start a process. */
const apartMs = 200;

export const exec: Area = {
  name: "exec",
  title: "Commands",
  about:
    "`true` in a container and on the parent. Rows “in a session” call @otto/hosts over a connection that is already open, and show the median of " +
    `several calls, ${apartMs} ms apart unless they are back to back: meanwhile the process of the next command is started. ` +
    "The other rows run the whole command `otto host ID exec`. “The engine’s socket” sends the engine's three requests for an exec " +
    "to its local socket, without SSH. “Connection persists” uses the connection of an earlier command (`ssh_options.persist`).",
  usesLinks: true,
  open: async (bench) => {
    const container = await startContainer(bench, { name: "bench-exec" });
    const engine = createEngineExec(engineSocketPath(), container.id);
    const rows = [...bench.links.keys()].flatMap((link) => execRows(bench, link, { container, engine }));
    return {
      rows,
      [Symbol.asyncDispose]: async () => {
        engine.close();
        await container[Symbol.asyncDispose]();
      },
    };
  },
};

interface ExecTarget {
  readonly container: RunningContainer;
  readonly engine: ReturnType<typeof createEngineExec>;
}

function execRows(bench: Bench, link: LinkName, target: ExecTarget): readonly Row[] {
  return [...sessionRows(bench, link, target), ...commandRows(bench, link, target)];
}

function sessionRows({ ssh }: Bench, link: LinkName, { container, engine }: ExecTarget): readonly Row[] {
  const count = isFar(link) ? 5 : 20;
  const backToBack = { count, pauseMs: 0 };
  const apart = { count, pauseMs: apartMs };
  const sshDockerExec = dockerExecBySsh(ssh.shared, container);
  const socket = (ms: () => Promise<number>): Contender => ({
    name: "the engine's socket",
    run: async () => ({ ms: await ms(), output: undefined }),
    check: () => undefined,
  });
  const line = `seq ${many} | xargs -P ${atOnce} -I {} ssh "$1" docker exec "$2" echo {} | wc -l`;
  const manyBySsh = commandContender({
    name: `ssh docker exec${ssh.shared.label}`,
    argv: ({ route }) => shellArgv(line, route.name, container.id),
    env: () => ssh.shared.env,
    check: ({ stdout }) => expectEqual("answers", Number(stdout), many),
  });
  const repeatedRow = (
    what: string,
    [call, calls]: readonly ["execInContainer" | "runInContainer", Calls],
    theirs: readonly Contender[],
  ): Row => ({
    what,
    link,
    ours: (subject) => ({
      name: subject.name,
      run: async ({ route }) => ({ ...(await subject.call(call, route, container.name, calls)), calls: count }),
      check: (codes) => expectEqual("exit codes", codes, Array(count).fill(0)),
    }),
    theirs,
  });
  return [
    repeatedRow(
      "exec in a container, in a session",
      ["execInContainer", apart],
      [socket(() => engine.each(apart)), sshDockerExec, dockerExec(ssh.shared, container)],
    ),
    repeatedRow(
      "exec in a container, in a session, back to back",
      ["execInContainer", backToBack],
      [socket(() => engine.each(backToBack))],
    ),
    {
      what: "100 execs in a container at once, in a session",
      link,
      cost: "heavy",
      ours: (subject) => ({
        name: subject.name,
        run: ({ route }) => subject.call("execManyInContainer", route, container.name, many),
        check: (codes) => expectEqual("exit codes", codes, Array(many).fill(0)),
      }),
      theirs: [socket(() => engine.many(many, atOnce)), manyBySsh],
    },
    repeatedRow("run in a container, in a session", ["runInContainer", backToBack], [sshDockerExec]),
  ];
}

function commandRows({ ssh }: Bench, link: LinkName, { container }: ExecTarget): readonly Row[] {
  const whole = (what: string, persists: boolean, onParent: boolean): Omit<Row, "theirs"> => ({
    what,
    link,
    ours: (subject) => ({
      name: subject.name,
      run: (round) => {
        const id = onParent ? round.route.name : container.hostId(round);
        const repo = persists ? container.persistent(round.route) : container.repo(round.route);
        return subject.cli(["host", id, "exec", "--", "true"], repo.settings);
      },
      check: () => undefined,
    }),
  });
  const sshTrue = (client: SshClient) =>
    commandOverSsh("ssh", client, { words: () => ["true"], check: () => undefined });
  return [
    {
      ...whole("exec in a container, a command", false, false),
      theirs: [
        dockerExecBySsh(ssh.plain, container),
        dockerExecBySsh(ssh.shared, container),
        dockerExec(ssh.plain, container),
        dockerExec(ssh.shared, container),
      ],
    },
    {
      ...whole("exec in a container, a command, connection persists", true, false),
      theirs: [dockerExecBySsh(ssh.shared, container), dockerExec(ssh.shared, container)],
    },
    { ...whole("exec on the parent, a command", false, true), theirs: [sshTrue(ssh.plain)] },
    { ...whole("exec on the parent, a command, connection persists", true, true), theirs: [sshTrue(ssh.shared)] },
  ];
}

function dockerExecBySsh(client: SshClient, { id }: RunningContainer): Contender {
  const words = () => ["docker", "exec", id, "true"];
  return commandOverSsh("ssh docker exec", client, { words, check: () => undefined });
}

function dockerExec(client: SshClient, { id }: RunningContainer): Contender {
  return dockerOverSsh(client, { words: () => ["exec", id, "true"], check: () => undefined });
}
