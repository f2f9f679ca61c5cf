import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createKeyPair, engineEnvironment, type Lab, labJson, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import { finished, launcher, type Place, runOtto } from "./otto-process.js";
import { TestTerminal } from "./terminal.js";
import { createTestRepo, type TestRepo } from "./test-repo.js";

type Name = "key" | "questions" | "word";
let lab: Lab<Name>;
let repo: TestRepo;
let place: Place;
let password: string;

beforeAll(async () => {
  lab = await startLab({
    hosts: {
      key: { authentication: ["publickey", "password"], sshdConfig: ["AuthenticationMethods publickey,password"] },
      questions: { authentication: ["keyboard-interactive"] },
      word: { authentication: ["password"] },
    },
  });
  repo = await createTestRepo({ OTTO_LAB: "veg" });
  const key = join(repo.root, "key");
  await createKeyPair("ed25519", key, "open sesame");
  await writeFile(`${lab.privateKeyPath}.pub`, await readFile(`${key}.pub`));
  password = lab.hosts.word.password ?? "";
  const { hosts } = labJson(lab, "veg");
  const withoutSecrets = hosts.map(({ creds, ssh_options, ...host }) => ({
    ...host,
    creds: creds.map(({ login }) => ({ login })),
    ssh_options: {
      ...ssh_options,
      agent: false,
      ...(host.element === "key" ? { client_keys: [key] } : { client_keys: ["none"] }),
    },
  }));
  await repo.write("lab.json", JSON.stringify({ hosts: withoutSecrets, links: [] }));
  ({ place } = repo);
});

afterAll(async () => {
  await repo[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const echo = (id: Name) => ["host", id, "exec", "echo", "got", "in"];
const size = { columns: 200, rows: 30 };

function openOn(id: Name, ...options: readonly string[]): Promise<TestTerminal> {
  return TestTerminal.open(place, [...options, ...echo(id)], size);
}

test("a password is asked for at the terminal by host and login, hidden, and again when it is wrong", async () => {
  await using terminal = await openOn("word");
  const question = `word: Password of ${lab.hosts.word.user}: `;
  await terminal.sees(question);
  terminal.type("wrong-word\r");
  await terminal.sees("word: refused, please try again");
  await terminal.sees(question);
  terminal.type(`${password}\r`);
  const shown = await terminal.sees("got in");
  const { exitCode, before, after } = await terminal.finished();
  expect([exitCode, after]).toEqual([0, before]);
  expect(shown).not.toContain(password);
});

test("a key's passphrase, then a password; what the server asks", async () => {
  await using key = await openOn("key");
  await using questions = await openOn("questions");
  await key.sees(`key: Passphrase of the key ${join(repo.root, "key")}: `);
  key.type("open sesame\r");
  await key.sees(`key: Password of ${lab.hosts.key.user}: `);
  key.type(`${password}\r`);
  await key.sees("got in");
  await questions.sees(`(${lab.hosts.questions.user}@questions) Password: `);
  questions.type(`${password}\r`);
  await questions.sees("got in");
  for (const terminal of [key, questions]) {
    const { exitCode, before, after } = await terminal.finished();
    expect([exitCode, after]).toEqual([0, before]);
  }
});

test("the terminal is asked, and stdout has the result alone", async () => {
  const file = join(repo.root, "stdout");
  const redirection = `>${file} 2>/dev/null </dev/null`;
  await using terminal = await TestTerminal.open(place, ["--json", ...echo("word")], { ...size, redirection });
  await terminal.sees("word: Password of");
  terminal.type(`${password}\r`);
  expect((await terminal.finished()).exitCode).toBe(0);
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { type: string }).type).at(-1)).toBe("result");
  expect(lines.join()).not.toContain(password);
});

test("what is typed before the question, or pasted beyond its answer, is neither an answer nor left to the shell", async () => {
  const left = join(repo.root, "left");
  const redirection = `; timeout --foreground 1 head -n 1 >${left}`;
  await using terminal = await TestTerminal.open(place, echo("word"), { ...size, redirection });
  terminal.type("too soon\r");
  await terminal.sees("word: Password of");
  await expect.poll(() => terminal.mode()).toContain("-echo ");
  terminal.type(`${password}\rthe next secret\r`);
  const shown = await terminal.sees("got in");
  await terminal.finished();
  expect(shown).not.toContain("refused");
  expect(await readFile(left, "utf8")).toBe("");
});

const ends: readonly [string, number, (terminal: TestTerminal) => unknown][] = [
  ["Ctrl-C", 130, (terminal) => terminal.type("\u0003")],
  ["SIGTERM", 143, async (terminal) => process.kill(await terminal.pid(), "SIGTERM")],
  ["Ctrl-D", 255, (terminal) => terminal.type("\u0004")],
];

test.each(ends)("%s ends the question, and leaves the terminal as it was", async (_, code, end) => {
  await using terminal = await openOn("word");
  await terminal.sees("word: Password of");
  await expect.poll(() => terminal.mode()).toContain("-echo ");
  await end(terminal);
  const { exitCode, before, after } = await terminal.finished();
  expect([exitCode, after]).toEqual([code, before]);
});

test("a stop puts the terminal right, and the question is asked anew after it", async () => {
  await using terminal = await openOn("word");
  await terminal.sees("word: Password of");
  await expect.poll(() => terminal.mode()).toContain("-echo ");
  const pid = await terminal.pid();
  process.kill(pid, "SIGTSTP");
  const state = async (): Promise<string | undefined> =>
    /^State:\s+(\S)/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
  await expect.poll(state).toBe("T");
  expect(await terminal.mode()).toMatch(/ echo /);
  process.kill(pid, "SIGCONT");
  await terminal.sees("word: Password of");
  await expect.poll(() => terminal.mode()).toContain("-echo ");
  terminal.type(`${password}\r`);
  await terminal.sees("got in");
  const { exitCode, before, after } = await terminal.finished();
  expect([exitCode, after]).toEqual([0, before]);
});

test("with --no-input, in a pipeline and without a terminal nothing is asked: the error quotes the question", async () => {
  await using silent = await openOn("word", "--no-input");
  const child = spawn(process.execPath, [launcher, ...echo("word")], {
    // In a session of its own it has no terminal.
    detached: true,
    cwd: place.cwd,
    env: { PATH: process.env.PATH ?? "", ...engineEnvironment(), ...place.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [alone, pipeline, { exitCode }] = await Promise.all([
    finished(child),
    runOtto(place, echo("questions")),
    silent.finished(),
  ]);
  const quoted = [silent.screen, alone.stderr].map((text) => [text, `"Password of ${lab.hosts.word.user}:"`]);
  for (const [text, question] of [...quoted, [pipeline.stderr, '"Password:"']]) {
    expect(text).toContain(`nobody answered ${question}`);
    expect(text).toContain("password_command");
  }
  expect([exitCode, alone.exitCode, pipeline.exitCode]).toEqual([255, 255, 255]);
});

test("a command that prints the password is enough, and its failure is told by its stderr", async () => {
  const file = join(repo.root, "vault");
  await writeFile(
    file,
    `#!/bin/sh\necho asked >>${repo.root}/asked\necho ${password}\n[ -z "$SEALED" ] || { echo "sealed: ${password}" >&2; exit 3; }\n`,
    { mode: 0o755 },
  );
  const { hosts } = JSON.parse(await readFile(join(repo.root, "lab.json"), "utf8")) as {
    hosts: { ssh_options: object }[];
  };
  const withVault = hosts.map((host) => ({
    ...host,
    ssh_options: { ...host.ssh_options, password_command: ["./vault"] },
  }));
  await repo.write(
    "vaulted/lab.json",
    JSON.stringify({ hosts: withVault, links: [] }).replaceAll('"./vault"', '"../vault"'),
  );
  const settings = await readFile(join(repo.root, ".otto/settings.toml"), "utf8");
  await repo.write(".otto/settings.toml", settings.replace('paths = ["lab.json"]', 'paths = ["vaulted/lab.json"]'));
  try {
    const shown = await runOtto(place, ["trust", "--dry-run"]);
    expect(shown.stdout).toContain(`what '${file}' prints here`);
    for (const id of ["word", "questions"] as const) {
      expect(await runOtto(place, echo(id))).toMatchObject({ exitCode: 0, stdout: "got in\n" });
    }
    const sealed = await runOtto({ ...place, env: { ...place.env, SEALED: "1" } }, [
      "--log-level",
      "debug",
      ...echo("word"),
    ]);
    expect(sealed.stderr).toContain("exit code 3: sealed: [redacted]");
    expect(sealed.stderr + sealed.stdout).not.toContain(password);
  } finally {
    await repo.write(".otto/settings.toml", settings);
  }
});
