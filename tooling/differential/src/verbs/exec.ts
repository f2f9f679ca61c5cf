import { randomBytes } from "node:crypto";
import { isOttoError } from "@otto/errors";
import fc from "fast-check";
import { askReference } from "../reference-command.js";
import type { Facts, Outcome, Verb } from "../verb.js";
import { openTestHosts, sshOptions, type TestHosts } from "./lab-parent.js";
import { oneByOne } from "./one-by-one.js";

/** One command; a string is a line for the shell. */
export interface ExecInput {
  readonly where: "container" | "parent";
  readonly command: string | readonly string[];
  readonly stdin: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
}

const word = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom("a", "", "a b", "-n", "--", "*", "$HOME", "`id`", "$(id)", "~", "!x", "a=b"),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom("'", '"', "\\", "\\\\", "a\nb", "\t", "é", "日本", "\\n", "%s", "{a,b}", "#"),
  },
  {
    weight: 4,
    arbitrary: fc.string({
      unit: fc.constantFrom(
        "a",
        "'",
        '"',
        "\\",
        "$",
        " ",
        "\n",
        "`",
        "!",
        "*",
        "?",
        "|",
        "&",
        ";",
        "<",
        "(",
        "é",
        "\u0001",
      ),
      maxLength: 8,
    }),
  },
);
const script = fc.constantFrom(
  ...[
    "exit 7",
    "exit 255",
    "kill -9 $$",
    "kill -TERM $$",
    "cat",
    "echo out; echo err >&2; exit 3",
    "printf 'a\\0b\\377'",
  ],
  ...[
    "head -c 100000 /dev/zero",
    "pwd",
    "echo $VALUE",
    "false | true",
    "exec 1>&-; echo x",
    "nosuchprogram",
    "echo $0 $#",
  ],
  ...[
    "wc -c",
    "cat; echo; cat",
    "printf x",
    "sleep 0.1; echo late",
    "(sleep 0.1; echo bg) & echo fg; wait",
    "exit 256",
  ],
);
const argv = fc.oneof(
  { weight: 5, arbitrary: fc.array(word, { maxLength: 5 }).map((words) => ["printf", "[%s]\\n", ...words]) },
  { weight: 4, arbitrary: script.map((text) => ["sh", "-c", text]) },
  { weight: 2, arbitrary: fc.constantFrom(["cat"], ["true"], ["false"], ["pwd"], ["env", "-i", "env"], ["sh"]) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(["nosuchprogram"], ["/tmp"], ["/nosuch/program", "x"], ["/etc/hosts"], ["./x"]),
  },
);
const line = fc.oneof(
  script,
  fc.tuple(script, fc.constantFrom("; ", " && ", " || ", "\n"), script).map((parts) => parts.join("")),
);
const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: fc.constantFrom("a", "\0", "\n", "\xff", "\r", "\x04"), maxLength: 10 }) },
  { weight: 1, arbitrary: fc.constantFrom("x".repeat(70_000), "line\n".repeat(20_000)) },
);

/** Commands: what they get, print and end with. */
export const execVerb: Verb<ExecInput> = {
  name: "exec",
  reference: "docker exec, ssh",
  inputs: fc.record({
    where: fc.constantFrom("container", "parent"),
    command: fc.oneof({ weight: 2, arbitrary: argv }, { weight: 1, arbitrary: line }),
    stdin: fc.option(bytes, { nil: undefined }),
    env: fc.oneof(
      fc.constant({}),
      word.map((value) => ({ VALUE: value, ODD: "x" })),
    ),
    cwd: fc.option(fc.constantFrom("/", "/tmp", "/etc", "/nosuch", "/bin/busybox"), { nil: undefined, freq: 3 }),
  }),
  batch: 1,
  async open() {
    const name = `otto-exec-${randomBytes(4).toString("hex")}`;
    const hosts = await openTestHosts(name);
    return {
      compareAll: oneByOne((input) => compare(hosts, input)),
      [Symbol.asyncDispose]: () => hosts[Symbol.asyncDispose](),
    };
  },
};

async function compare(place: TestHosts, input: ExecInput): Promise<Outcome> {
  const reference = input.where === "container" ? await askDocker(place, input) : await askSsh(place, input);
  return { ours: await runOurs(place, input), reference };
}

async function runOurs(
  { container, parent }: TestHosts,
  { where, command, stdin, env, cwd }: ExecInput,
): Promise<Facts> {
  const options = { env, ...(stdin === undefined ? {} : { stdin: Buffer.from(stdin, "latin1") }) };
  try {
    const result =
      where === "container"
        ? await container.exec(command, { ...options, workdir: cwd })
        : await parent.exec(command, { ...options, cwd });
    return factsOf(result);
  } catch (error) {
    if (!isOttoError(error, "HOST_COMMAND_NOT_STARTED")) throw error;
    return notStarted;
  }
}

const notStarted: Facts = { started: "no" };

function factsOf({ exitCode, stdout, stderr }: { exitCode: number; stdout: Buffer; stderr: Buffer }): Facts {
  return { "exit code": `${exitCode}`, stdout: stdout.toString("latin1"), stderr: stderr.toString("latin1") };
}

async function askDocker({ name }: TestHosts, { command, stdin, env, cwd }: ExecInput): Promise<Facts> {
  const words = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
  const options = [
    ...(stdin === undefined ? [] : ["--interactive"]),
    ...Object.entries(env).flatMap(([variable, value]) => ["--env", `${variable}=${value}`]),
    ...(cwd === undefined ? [] : ["--workdir", cwd]),
  ];
  const given = stdin === undefined ? undefined : Buffer.from(stdin, "latin1");
  const result = await askReference(["docker", "exec", ...options, name, ...words], { stdin: given });
  const isRefused =
    [126, 127].includes(result.exitCode) &&
    /OCI runtime exec failed/.test(`${result.stdout.toString()}${result.stderr.toString()}`);
  return isRefused ? notStarted : factsOf(result);
}

async function askSsh({ lab }: TestHosts, { command, stdin, env, cwd }: ExecInput): Promise<Facts> {
  const host = lab.hosts.parent;
  const given = Buffer.from(stdin ?? "", "latin1");
  const variables = Object.entries(env).map(([variable, value]) => `export ${variable}=${quote(value)}; `);
  const begin = `${variables.join("")}${cwd === undefined ? "" : `cd ${quote(cwd)} || exit 199; `}`;
  const words = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
  const text = `${begin}exec ${words.map(quote).join(" ")}`;
  const result = await askReference(["ssh", ...sshOptions(lab, host), host.address, text], { stdin: given });
  const { exitCode, stderr } = result;
  const isShells = /^(bash|sh|dash|-?\w+): (line \d+: |\d+: )?(exec|cd): |^\S+: (line \d+: )?\S*\/\S*: /.test(
    stderr.toString(),
  );
  const isRefused = exitCode === 199 || ([126, 127].includes(exitCode) && typeof command !== "string" && isShells);
  return isRefused ? notStarted : factsOf(result);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
