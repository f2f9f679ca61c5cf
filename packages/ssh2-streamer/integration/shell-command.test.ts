import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quoteCommand } from "@otto/errors";
import { readRandomRun, setLoginShell, startLab } from "@otto/lab";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";
import { countSleeps, newMark } from "./suite/processes.js";
import { openBy, transports } from "./transports.js";

const shells = {
  sh: ["sh"],
  dash: ["dash"],
  bash: ["bash"],
  busybox: ["busybox", "sh"],
  zsh: ["zsh", "--no-rcs"],
  fish: ["fish", "--no-config"],
};
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "otto-shell-"));
});

afterAll(() => rmSync(directory, { recursive: true }));

// Bytes enter as Latin-1 characters, so that every byte but NUL is tried, valid UTF-8 or not.
const bytes = fc
  .uint8Array({ maxLength: 40 })
  .map((array) => Buffer.from(array.map((byte) => byte || 1)).toString("latin1"));
const nasty = fc.constantFrom(
  ...["'", "\\", "\\'", '"', "\n", "\r", "\t", "", " ", "#", ";", "&", "|", "(", ")", "{", "}", "<", ">", "[", "?"],
  ...["$(touch made)", "`touch made`", "(touch made)", ";touch made;", "\ntouch made\n", "<(touch made)", "$'\\x27'"],
  ...["!", "!!", "~", "*", "-n", "%s", "=ls", "^a^b", "$HOME", "\u0001", "\u007f", "\u00ff"],
);
const argument = fc.oneof(
  bytes,
  nasty,
  fc.array(nasty).map((parts) => parts.join("")),
);

const { count: numRuns, seed, label } = readRandomRun("OTTO_CASES", 20);

test.each(Object.entries(shells))(
  `%s takes every byte as it is (${label}), and executes none`,
  (_, [program = "", ...args]) => {
    const script = join(directory, "script");
    let count = 0;
    const property = fc.property(
      fc.array(fc.array(argument, { minLength: 1, maxLength: 8 }), { minLength: 20, maxLength: 20 }),
      (commands) => {
        const lines = commands.map((argv) => quoteCommand(["/usr/bin/printf", "%s\\0", ...argv]));
        writeFileSync(script, Buffer.from(`${lines.join("\n")}\n`, "latin1"));
        const output = execFileSync(program, [...args, script], {
          cwd: directory,
          env: { ...process.env, HOME: directory, LC_ALL: "C" },
        });
        const expected = commands.flat();
        count += expected.length;
        expect(output.toString("latin1").split("\0").slice(0, -1)).toEqual(expected);
      },
    );
    fc.assert(property, { numRuns, seed });
    expect(count).toBeGreaterThan(20 * numRuns);
    expect(readdirSync(directory)).not.toContain("made");
  },
);

const loginShells = ["/bin/sh", "/bin/bash", "busybox", "/usr/bin/fish", "/usr/bin/zsh", "/usr/bin/tcsh"];
const logins = transports.flatMap((transport) => loginShells.map((shell) => ({ transport, shell })));

/** A parent whose user has that login shell: a path, or `busybox`, which is `ash` by its name. */
async function startLogin(shell: string) {
  const lab = await startLab({ hosts: { parent: { authentication: ["password"] } } });
  const ash = join(lab.directory, "ash");
  symlinkSync("/bin/busybox", ash);
  await setLoginShell(lab.hosts.parent.user, shell === "busybox" ? ash : shell);
  return lab;
}

const directoryName = argument
  .map((word) => word.replaceAll("/", "").slice(0, 100))
  .filter((name) => !/^\.{0,2}$/.test(name));
const call = fc.record({
  words: fc.array(argument, { minLength: 1, maxLength: 8 }),
  value: argument,
  name: directoryName,
});

test.each(logins)(
  `$transport.name: a login whose shell is $shell runs what it is given, where and with what it is given (${label})`,
  async ({ transport, shell }) => {
    await using lab = await startLogin(shell);
    await using session = openBy(transport, [endpointOf(lab, lab.hosts.parent)]);
    const parent = join(lab.directory, "directories");
    let count = 0;
    const property = fc.asyncProperty(call, async ({ words, value, name }) => {
      const cwd = join(parent, name);
      mkdirSync(cwd, { recursive: true });
      const stdin = `printf '%s\\0' "$OTTO_VALUE" "$PWD" "$@" ${quoteCommand(words)}\n`;
      const { stdout } = await session.exec(["sh", "-s", "--", ...words], { env: { OTTO_VALUE: value }, cwd, stdin });
      expect(stdout.toString().split("\0").slice(0, -1)).toEqual([value, cwd, ...words, ...words]);
      expect(readdirSync(cwd)).toEqual([]);
      count += 1;
    });
    await fc.assert(property, { numRuns, seed });
    expect(count).toBe(numRuns);
    const { stdout: seen } = await session.exec(["sh", "-c", 'getent passwd "$(id -un)"\nls'], {});
    expect(seen.toString().trim().split("\n")).toEqual([expect.stringContaining(shell === "busybox" ? "/ash" : shell)]);
    const mark = newMark();
    const sleeping = new AbortController();
    const started = await session.spawn(["sh", "-c", `echo on\nsleep ${mark}`], { signal: sleeping.signal });
    await once(started.stdout, "data");
    sleeping.abort(new Error("enough"));
    await expect(started.exit).rejects.toThrow("enough");
    expect(await countSleeps(mark)).toBe(0);
  },
);

test.each(transports)("$name: what a profile prints is no output of a command", async (transport) => {
  await using lab = await startLogin("/bin/bash");
  const { parent } = lab.hosts;
  writeFileSync(join(parent.homePath, ".bashrc"), "echo welcome; echo careful >&2\n");
  await using session = openBy(transport, [endpointOf(lab, parent)]);
  const { stdout, stderr } = await session.exec(["sh", "-c", "echo out; echo err >&2"]);
  expect([stdout.toString(), stderr.toString()]).toEqual(["out\n", "careful\nerr\n"]);
});

test.each(
  transports.flatMap((transport) => [
    { transport, shell: "/usr/sbin/nologin", said: "This account is currently not available." },
    { transport, shell: "/bin/false", said: "nothing" },
  ]),
)("$transport.name: a login whose shell is $shell is said to run nothing", async ({ transport, shell, said }) => {
  await using lab = await startLogin(shell);
  await using session = openBy(transport, [endpointOf(lab, lab.hosts.parent)]);
  const words = `true on parent: the login did not run it, ended with 1 and said: ${said}`;
  await expect(session.exec(["true"])).rejects.toMatchObject({ code: "SSH_CHANNEL_REFUSED", message: words });
});
