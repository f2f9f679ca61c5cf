import { commandContender, commandOverSsh, dockerOverSsh } from "../command-contender.js";
import { type RunningContainer, startContainer } from "../container.js";
import type { LinkName } from "../link.js";
import type { CommandOutput } from "../measure-command.js";
import type { Area, Bench, Row } from "../row.js";
import { expectEqual, run, sh } from "../shell.js";

export const logs: Area = {
  name: "logs",
  title: "Logs",
  about:
    "100 MB that a container wrote, in lines of 100 bytes: `otto host ID logs` against `docker logs`, whole commands whose " +
    "output is read and compared.",
  usesLinks: true,
  open: async (bench) => {
    const lines = Math.ceil(1e6 * bench.scale);
    const script = `yes $(printf %099d 0) | head -n ${lines}; touch /tmp/done; exec sleep infinity`;
    const container = await startContainer(bench, {
      name: "bench-logs",
      command: ["sh", "-c", script.replaceAll("$", () => "$$")],
    });
    run("docker", "exec", container.id, "sh", "-c", "until [ -e /tmp/done ]; do sleep 0.1; done");
    // The engine keeps a line a moment after it was written.
    sh('until [ "$(docker logs "$1" | wc -c)" -ge "$2" ]; do sleep 0.1; done', container.id, String(lines * 100));
    const digest = sh('docker logs "$1" | sha256sum | cut -d " " -f 1', container.id).trim();
    const check = (output: CommandOutput) => {
      expectEqual("bytes of logs", output.stdoutBytes, lines * 100);
      expectEqual("digest of logs", output.stdoutDigest, digest);
    };
    const rows = [...bench.links.keys()].map((link) => logRow(bench, link, { container, check }));
    return { rows, [Symbol.asyncDispose]: () => container[Symbol.asyncDispose]() };
  },
};

interface Logs {
  readonly container: RunningContainer;
  readonly check: (output: CommandOutput) => void;
}

function logRow({ ssh, otto }: Bench, link: LinkName, { container, check }: Logs): Row {
  const words = () => ["logs", container.id];
  return {
    what: "logs of 100 MB",
    link,
    cost: "heavy",
    bulk: true,
    ours: (subject) => ({
      name: subject.name,
      run: (round) => {
        const { settings } = container.repo(round.route);
        return subject.cli(["host", container.hostId(round), "logs"], { ...settings, digest: true });
      },
      check,
    }),
    theirs: [
      dockerOverSsh(ssh.shared, { words, digest: true, check }),
      commandOverSsh("ssh docker logs", ssh.shared, { words: () => ["docker", ...words()], digest: true, check }),
      commandContender({
        name: "docker logs on the parent",
        argv: () => ["docker", ...words()],
        env: () => otto.env,
        digest: true,
        check,
      }),
    ],
  };
}
