import { execFile } from "node:child_process";
import { once } from "node:events";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { isOttoError, Secret } from "@otto/errors";
import { type Authentication, createKeyPair, type Lab, startLab } from "@otto/lab";
import ssh2 from "ssh2";
import {
  openSshSession,
  type SshCredential,
  type SshEndpoint,
  type SshPrompt,
  type SshPromptHandler,
} from "ssh2-streamer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { endpointOf } from "./lab-route.js";

const run = promisify(execFile);
const orders = {
  "password-key": ["password,publickey", ["publickey", "password"]],
  "key-password": ["publickey,password", ["publickey", "password"]],
  "two-keys": ["publickey,publickey", ["publickey"]],
  "questions-key": ["keyboard-interactive,publickey", ["publickey", "keyboard-interactive"]],
  "key-questions": ["publickey,keyboard-interactive", ["publickey", "keyboard-interactive"]],
} as const satisfies Record<string, readonly [string, readonly Authentication[]]>;
type Name = keyof typeof orders;
const names = Object.keys(orders) as Name[];

let lab: Lab<Name>;
let secondKey: string;
let askpass: string;

beforeAll(async () => {
  const hosts = names.map((name) => {
    const [methods, authentication] = orders[name];
    return [name, { authentication, sshdConfig: [`AuthenticationMethods ${methods}`] }] as const;
  });
  lab = await startLab({ hosts: Object.fromEntries(hosts) as Record<Name, (typeof hosts)[number][1]> });
  secondKey = await authorizedKey("second");
  askpass = join(lab.directory, "askpass");
  // OpenSSH's client asks it each question as its argument.
  await writeFile(askpass, '#!/bin/sh\necho "$1" >>"$OTTO_ASKED"\nprintf "%s\\n" "$OTTO_ANSWER"\n', { mode: 0o755 });
});

afterAll(() => lab[Symbol.asyncDispose]());

async function authorizedKey(name: string, passphrase?: string): Promise<string> {
  const { privateKeyPath } = await createKeyPair("ed25519", join(lab.directory, name), passphrase);
  await appendFile(`${lab.privateKeyPath}.pub`, `${await readFile(`${privateKeyPath}.pub`, "utf8")}\n`);
  return privateKeyPath;
}

/** Answers each question by `answer`, and keeps what was asked. */
function person(answer: (prompt: SshPrompt, question: string) => string) {
  const asked: SshPrompt[] = [];
  const onPrompt: SshPromptHandler = async (prompt) => {
    asked.push(prompt);
    return prompt.questions.map(({ text }) => answer(prompt, text));
  };
  return { asked, onPrompt };
}

async function whoami(endpoint: SshEndpoint, onPrompt?: SshPromptHandler): Promise<string> {
  await using session = openSshSession([endpoint], { onPrompt });
  return (await session.exec(["whoami"])).stdout.toString().trim();
}

async function connect(endpoint: SshEndpoint, onPrompt?: SshPromptHandler): Promise<void> {
  await using session = openSshSession([endpoint], { onPrompt });
  await session.connect();
}

async function refusalOf(promise: Promise<unknown>) {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (!isOttoError(error, "SSH_AUTH_FAILED")) throw new Error("a refusal was due", { cause: error });
  return error;
}

/** `whoami` by OpenSSH's client, which answers every question with `answer`, and the questions. */
async function askSsh(at: { port: number; user: string }, keys: readonly string[], answer: string) {
  const askedFile = join(lab.directory, `asked-${at.port}`);
  await writeFile(askedFile, "");
  const env = {
    ...process.env,
    SSH_ASKPASS: askpass,
    SSH_ASKPASS_REQUIRE: "force",
    OTTO_ANSWER: answer,
    OTTO_ASKED: askedFile,
  };
  const options = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "LogLevel=ERROR",
  ];
  const argv = ["-F", "none", ...options.flatMap((it) => ["-o", it]), ...keys.flatMap((key) => ["-i", key])];
  const { stdout } = await run("ssh", [...argv, "-p", `${at.port}`, `${at.user}@127.0.0.1`, "whoami"], { env });
  return { user: stdout.trim(), asked: (await readFile(askedFile, "utf8")).trimEnd().split("\n") };
}

const transports = ["ssh2", "openssh"] as const;
const wanted = names.flatMap((name) => transports.map((transport) => ({ name, transport })));

describe.each(wanted)("$transport: a server that wants $name", ({ name, transport }) => {
  const host = () => lab.hosts[name];
  const password = () => lab.hosts["password-key"].password ?? "";
  const keys = () => [lab.privateKeyPath, secondKey];
  const credential = (): SshCredential => ({
    username: host().user,
    privateKeys: keys().map((path) => ({ path })),
  });

  test("lets ssh in", async () => {
    expect((await askSsh(host(), keys(), password())).user).toBe(host().user);
  });

  test("is given all of it, with the password known", async () => {
    const credentials = [{ ...credential(), password: new Secret(password()) }] as const;
    expect(await whoami(endpointOf(lab, host(), { credentials, transport }))).toBe(host().user);
  });

  test("is given all of it by a person, who is asked once for what is wanted", async () => {
    const { asked, onPrompt } = person(password);
    expect(await whoami(endpointOf(lab, host(), { credentials: [credential()], transport }), onPrompt)).toBe(
      host().user,
    );
    const kinds = name === "two-keys" ? [] : [name.includes("password") ? "password" : "keyboard-interactive"];
    expect(asked.map(({ kind }) => kind)).toEqual(kinds);
    for (const prompt of asked) {
      expect(prompt).toMatchObject({ host: name, user: host().user, attempt: 1 });
      expect(prompt.questions).toMatchObject([{ text: expect.stringMatching(/^Password/) as string, echo: false }]);
    }
  });

  test("is given all of it where the keys are an agent's", async () => {
    const socket = join(lab.directory, `agent-${name}-${transport}`);
    const { stdout } = await run("ssh-agent", ["-a", socket]);
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1]);
    try {
      await run("ssh-add", ["-q", ...keys()], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      const credentials = [{ username: host().user, agent: socket, password: new Secret(password()) }] as const;
      expect(await whoami(endpointOf(lab, host(), { credentials, transport }))).toBe(host().user);
    } finally {
      process.kill(pid);
    }
  });
});

describe.each(transports)("%s", (transport) => {
  test("the passphrase of a key is asked for once the server takes the key, again when it is wrong, and never otherwise", async () => {
    const host = lab.hosts["key-password"];
    const locked = await authorizedKey(`locked-${transport}`, "open sesame");
    const stranger = await createKeyPair("ed25519", join(lab.directory, `stranger-${transport}`), "unknown");
    const { asked, onPrompt } = person(({ kind, attempt }) => {
      if (kind === "password") return host.password ?? "";
      return attempt === 1 ? "wrong" : "open sesame";
    });
    const privateKeys = [{ path: stranger.privateKeyPath }, { path: locked }];
    const credentials = [{ username: host.user, privateKeys }] as const;
    expect(await whoami(endpointOf(lab, host, { credentials, transport }), onPrompt)).toBe(host.user);
    expect(asked.map(({ kind, keyPath, attempt }) => [kind, keyPath, attempt])).toEqual([
      ["passphrase", locked, 1],
      ["passphrase", locked, 2],
      ["password", undefined, 1],
    ]);
    const { message, hint } = await refusalOf(whoami(endpointOf(lab, host, { credentials, transport })));
    expect(message).toContain(`nobody answered "Passphrase of the key ${locked}:"`);
    expect(hint).toContain("passphrase_command");
  });

  test("a secret that is read when it is needed is not read before", async () => {
    const host = lab.hosts["two-keys"];
    const locked = await authorizedKey(`vault-${transport}`, "open sesame");
    let reads = 0;
    const password = async () => {
      throw new Error("not needed");
    };
    const passphrase = async () => {
      reads += 1;
      return new Secret("open sesame");
    };
    const privateKeys = [{ path: lab.privateKeyPath }, { path: locked, passphrase }];
    const credentials = [{ username: host.user, privateKeys, password }] as const;
    expect(await whoami(endpointOf(lab, host, { credentials, transport }))).toBe(host.user);
    expect(reads).toBe(1);
  });

  test("what reading a secret, or a person, throws is the login's error", async () => {
    const host = lab.hosts["password-key"];
    const fault = new Error("the vault is sealed");
    const reject = () => Promise.reject(fault);
    const vault = endpointOf(lab, host, { transport, credentials: [{ username: host.user, password: reject }] });
    await expect(whoami(vault)).rejects.toBe(fault);
    const nobody = endpointOf(lab, host, { transport, credentials: [{ username: host.user }] });
    await expect(whoami(nobody, reject)).rejects.toBe(fault);
  });

  test("a wrong answer is asked again, three times in all", async () => {
    const host = lab.hosts["password-key"];
    const { asked, onPrompt } = person(() => "wrong");
    const credentials = [{ username: host.user }] as const;
    const { message } = await refusalOf(whoami(endpointOf(lab, host, { credentials, transport }), onPrompt));
    expect(asked.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(message).not.toContain("wrong");
  });
});

test("the time that a person takes is no part of the time limit; a close withdraws the question", async () => {
  const host = lab.hosts["password-key"];
  const credentials = [{ username: host.user, privateKeys: [{ path: lab.privateKeyPath }] }] as const;
  const slow: SshPromptHandler = async () => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return [host.password ?? ""];
  };
  const limited = { credentials, connectTimeoutMs: 1200 };
  expect(await whoami(endpointOf(lab, host, limited), slow)).toBe(host.user);
  let withdrawn: Promise<unknown> | undefined;
  const session = openSshSession([endpointOf(lab, host, limited)], {
    onPrompt: (_prompt, signal) => {
      withdrawn = once(signal, "abort");
      void session.close();
      return new Promise(() => {});
    },
  });
  await expect(session.connect()).rejects.toMatchObject({ code: "SSH_SESSION_CLOSED" });
  await withdrawn;
});

/** A server that asks two questions at once, then a third one, and then wants nothing more. */
async function startQuestionServer(answers: readonly string[]) {
  const { private: key, public: publicKey } = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  const server = new ssh2.Server({ hostKeys: [key] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
      if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
      const first = [
        { prompt: "Token: ", echo: true },
        { prompt: "PIN\u001b[2J: ", echo: false },
      ];
      context.prompt(first, "Two steps", "Look at your token.", (given) => {
        context.prompt([{ prompt: "Password: ", echo: false }], (last) => {
          const isRight = [...(given ?? []), ...(last ?? [])].join() === answers.join();
          if (isRight) context.accept();
          else context.reject(["keyboard-interactive"]);
        });
      });
    });
    client.on("session", (accept) => {
      accept().once("exec", (acceptExec) => {
        const channel = acceptExec();
        channel.write("ada\n");
        channel.exit(0);
        channel.end();
      });
    });
  });
  const { port, [Symbol.dispose]: close } = await listen(server);
  const knownHosts = join(lab.directory, `known-${port}`);
  await writeFile(knownHosts, `[127.0.0.1]:${port} ${publicKey}\n`);
  const endpoint = (password?: Secret): SshEndpoint => ({
    name: "token",
    host: "127.0.0.1",
    port,
    credentials: [{ username: "ada", password }],
    hostKey: { knownHosts: [knownHosts] },
  });
  return { port, endpoint, [Symbol.dispose]: close };
}

async function listen(server: InstanceType<typeof ssh2.Server>) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.dispose]: () => void server.close() };
}

test("any number of questions is answered as ssh answers them, the password by what is known", async () => {
  using server = await startQuestionServer(["same", "same", "same"]);
  const reference = await askSsh({ port: server.port, user: "ada" }, [], "same");
  expect(reference.user).toBe("ada");
  const { asked, onPrompt } = person(() => "same");
  await connect(server.endpoint(), onPrompt);
  const texts = asked.flatMap(({ questions }) => questions.map(({ text }) => text));
  expect(texts).toEqual(["Token: ", "PIN: ", "Password: "]);
  // OpenSSH hands on what a terminal would obey.
  const theirs = reference.asked.map((line) => stripVTControlCharacters(line.replace("(ada@127.0.0.1) ", "")).trim());
  expect(theirs).toEqual(texts.map((text) => text.trim()));
  expect(asked[0]).toMatchObject({
    kind: "keyboard-interactive",
    name: "Two steps",
    instruction: "Look at your token.",
  });
  expect(asked[0]?.questions.map(({ echo }) => echo)).toEqual([true, false]);
  asked.length = 0;
  await connect(server.endpoint(new Secret("same")), onPrompt);
  expect(asked).toHaveLength(1);
});

test("a question that nobody answers is quoted, with what to set", async () => {
  using server = await startQuestionServer([]);
  const { message, hint, details } = await refusalOf(connect(server.endpoint(new Secret("word-of-ada"))));
  expect(message).toContain('nobody answered "Token:", "PIN:"');
  expect(hint).toContain("password_command");
  expect(details).toMatchObject({ unanswered: ["Token:", "PIN:"] });
  expect(JSON.stringify([message, hint, details])).not.toContain("word-of-ada");
});

/** A server that takes passwords alone, and what it does when it is given one. */
async function startPasswordServer(onPassword: (context: ssh2.PasswordAuthContext) => void) {
  const { private: key, public: publicKey } = ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  const server = new ssh2.Server({ hostKeys: [key] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
      if (context.method === "password") onPassword(context);
      else context.reject(["password"]);
    });
  });
  const { port, [Symbol.dispose]: close } = await listen(server);
  const knownHosts = join(lab.directory, `known-${port}`);
  await writeFile(knownHosts, `[127.0.0.1]:${port} ${publicKey}\n`);
  const endpoint: SshEndpoint = {
    name: "passwords",
    host: "127.0.0.1",
    port,
    credentials: [{ username: "ada" }],
    hostKey: { knownHosts: [knownHosts] },
  };
  return { server, endpoint, [Symbol.dispose]: close };
}

describe.each(["ssh2", "openssh"] as const)("by %s", (transport) => {
  test("a server that wants a new password is given none", async () => {
    const changes: string[] = [];
    using server = await startPasswordServer((context) =>
      context.requestChange("Your password has expired.", (password) => {
        changes.push(password);
        context.reject();
      }),
    );
    const { asked, onPrompt } = person(() => "old");
    const { message } = await refusalOf(connect({ ...server.endpoint, transport }, onPrompt));
    expect(message).toContain("the server wants a new password");
    expect([asked.map(({ kind }) => kind), changes]).toEqual([["password"], []]);
  });

  test("a server that hangs up on an answer has refused it, and nobody is asked again", async () => {
    let connections = 0;
    using started = await startPasswordServer(() => hangUp());
    let hangUp = () => {};
    started.server.on("connection", (client) => {
      connections += 1;
      // Without a word: ssh2's own `end` says goodbye.
      hangUp = () => (client as unknown as { readonly _sock: Socket })._sock.destroy();
    });
    const { asked, onPrompt } = person(() => "any");
    const { message } = await refusalOf(connect({ ...started.endpoint, transport }, onPrompt));
    expect(message).toContain("the server hung up");
    expect([asked.length, connections]).toEqual([1, 1]);
  });
});
