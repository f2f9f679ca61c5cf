import { join } from "node:path";
import { commandContender } from "../command-contender.js";
import type { CommandOutput } from "../measure-command.js";
import type { Area, Row } from "../row.js";

interface Start {
  readonly what: string;
  readonly words: readonly string[];
  /** What its output has in it. */
  readonly has: RegExp;
}

const completing = ["completion", "bash", "--"];

const starts: readonly Start[] = [
  { what: "otto --version", words: ["--version"], has: /^\d+\.\d+/ },
  { what: "otto --help", words: ["--help"], has: /^Usage: otto/ },
  { what: "otto --list-hosts", words: ["--list-hosts"], has: /local/ },
  { what: "otto docker ps", words: ["docker", "ps"], has: /hello/ },
  { what: "completing an option", words: [...completing, "docker", "up", "--"], has: /--no-build/ },
  { what: "completing an image", words: [...completing, "docker", "build", ""], has: /./ },
  { what: "completing a host", words: [...completing, "host", "loc"], has: /local/ },
  { what: "completing a path of a host, read before", words: [...completing, "host", "local", "get", "/"], has: /etc/ },
];

export const start: Area = {
  name: "start",
  title: "Starting the command line",
  about:
    "Whole commands in examples/hello, on this machine's engine, against Node itself: `node -e 0`. `NODE_EXTRA_CA_CERTS` is not " +
    "set: with it Node 20 reads certificates at each start.",
  open: async ({ otto }) => {
    const node = commandContender({
      name: "node -e 0",
      argv: () => [process.execPath, "-e", "0"],
      env: () => otto.env,
      check: () => undefined,
    });
    const rows = starts.map(({ what, words, has }): Row => {
      return {
        what,
        ours: (subject) => ({
          name: subject.name,
          run: () => subject.cli(words, { cwd: join(otto.root, "examples/hello"), variables: { OTTO_LAB: undefined } }),
          check: ({ stdout }: CommandOutput) => {
            if (!has.test(stdout)) throw new Error(`${what} printed ${JSON.stringify(stdout.slice(0, 200))}`);
          },
        }),
        theirs: [node],
      };
    });
    return { rows };
  },
};
