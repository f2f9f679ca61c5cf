import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ssh2 from "ssh2";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { finished, runOtto, startOtto } from "./otto-process.js";

const execute = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(join(root, "docs/threat-model.md"), "utf8");
const secret = "canary-of-the-environment";

/** What a server that belongs to the writer of the clone has seen. */
interface Seen {
  connections: number;
  readonly methods: string[];
  readonly passwords: string[];
  agentRequests: number;
}

let seen: Seen;
let ssh: ssh2.Server;
let port: number;
let agent: Server;
let agentQuestions: number;
let home: string;
let clone: string;
const { private: hostKey, public: hostKeyLine } = ssh2.utils.generateKeyPairSync("ed25519");

beforeAll(async () => {
  ssh = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    seen.connections += 1;
    client.on("error", () => {});
    client.on("authentication", (context) => {
      seen.methods.push(context.method);
      if (context.method !== "password") return context.reject(["publickey", "password"]);
      seen.passwords.push(context.password);
      context.accept();
    });
    client.on("session", (accept) => {
      const session = accept();
      session.on("auth-agent", (_accept, reject) => {
        seen.agentRequests += 1;
        reject?.();
      });
      session.on("exec", (acceptExec) => {
        const stream = acceptExec();
        // As the command that otto sends says it.
        stream.stderr.write("<otto-process 7>\n");
        stream.exit(0);
        stream.end();
      });
    });
  });
  ssh.listen(0, "127.0.0.1");
  await once(ssh, "listening");
  port = (ssh.address() as AddressInfo).port;
});
afterAll(() => {
  ssh.close();
});

beforeEach(async () => {
  seen = { connections: 0, methods: [], passwords: [], agentRequests: 0 };
  agentQuestions = 0;
  home = await realpath(await mkdtemp(join(tmpdir(), "otto-threat-")));
  clone = join(home, "clone/app");
  agent = createServer((socket) => {
    agentQuestions += 1;
    socket.on("error", () => {});
    socket.end();
  }).listen(join(home, "agent.sock"));
  await once(agent, "listening");
  await write("home/.ssh/id_ed25519", ssh2.utils.generateKeyPairSync("ed25519").private);
  await write("clone/.git/HEAD", "");
  await write("clone/app/.otto/settings.toml", settings());
  await write("clone/app/.otto/instructions.ts", `${marker("module")}export const a = 1;\n`);
  await write("clone/app/vitest.config.ts", marker("suite"));
  await write("clone/app/Dockerfile", "FROM scratch\nCOPY compose.yml /\n");
  await write("clone/app/compose.yml", "services:\n  api: { image: canary }\n");
  await writeLab("clone/app/lab.json");
});
afterEach(async () => {
  agent.close();
  await rm(home, { recursive: true });
});

async function write(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), content, { mode: 0o600 });
}

/** A module that tells by a file that it was executed. */
const marker = (name: string) =>
  `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(join(home, `executed-${name}`))}, "");\n`;

const executed = () => ["module", "suite", "vault"].filter((name) => existsSync(join(home, `executed-${name}`)));

function settings({ lab = "lab.json", more = "" } = {}): string {
  return `name = "canary"
version = "1"
${more}
[[lab.sources]]
backend = "json"
paths = ["${lab}"]
[[docker.images]]
name = "api"
dockerfile = "Dockerfile"
context = "."
[[docker.composes]]
path = "compose.yml"
`;
}

/** A host of the writer's own, with a known_hosts file of the writer's own. */
async function writeLab(path: string, options: object = {}): Promise<void> {
  const trusting = { port, known_hosts: "known_hosts", connect_timeout: 5, ...options };
  const host = { ip: "127.0.0.1", element: "evil", creds: [{ login: "me" }], labs: ["x"], docker_capable: true };
  await write(path, JSON.stringify({ hosts: [{ ...host, ssh_options: trusting }] }));
  await write(join(dirname(path), "known_hosts"), `[127.0.0.1]:${port} ${hostKeyLine}\n`);
}

const place = (env: Readonly<Record<string, string>> = {}) => ({
  cwd: clone,
  env: {
    ...{ HOME: join(home, "home"), SSH_AUTH_SOCK: join(home, "agent.sock"), OTTO_LAB: "x", AWS_SECRET: secret },
    ...env,
  },
});
const otto = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => runOtto(place(env), argv);
/** The code of the error that a command ends with. */
async function codeOf(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const { exitCode, stdout } = await otto(["--json", ...argv], env);
  expect([argv, exitCode === 0]).toEqual([argv, false]);
  const lines = stdout.trimEnd().split("\n");
  const error = lines.map((line) => JSON.parse(line) as { type: string; code?: unknown }).find(isError);
  return error?.code;
}
const isError = ({ type }: { readonly type: string }) => type === "error";

const tab = (...words: string[]) => ["completion", "fish", "--", ...words];

/** Commands that would connect to the clone's host. */
const connecting: readonly (readonly string[])[] = [
  ["docker", "ps"],
  ["docker", "up", "--no-build"],
  ["docker", "up", "--dry-run"],
  ["docker", "down"],
  ["docker", "logs"],
  ["docker", "build"],
  ["doctor"],
  ["host", "evil", "exec", "id"],
  ["host", "evil", "put", "compose.yml", "/tmp/"],
  ["host", "evil", "get", "/etc/passwd", "."],
  tab("host", "evil", "get", "/etc/"),
];

/** A test for each sentence, by its number. */
const sentences: Readonly<Record<string, () => Promise<void>>> = {
  C1: async () => {
    const listing = [["--list-hosts"], ["--list-labs"], ["--version"], tab("docker", ""), tab("host", "")];
    for (const argv of [...listing, tab("run", ""), tab("docker", "logs", ""), tab("--lab", "")]) {
      expect([argv, (await otto(argv)).exitCode]).toEqual([argv, 0]);
    }
    expect((await otto(["--list-hosts"])).stdout).toContain("127.0.0.1");
    expect([seen.connections, agentQuestions]).toEqual([0, 0]);
  },

  C2: async () => {
    const listing = [["--list-hosts"], ["--list-labs"], tab("run", ""), tab("run", "a", "--"), ["trust", "--dry-run"]];
    for (const argv of [...listing, ["docker", "ps"], ["doctor"], ["docker", "up", "--dry-run"]]) await otto(argv);
    expect(executed()).toEqual([]);
    await otto(["run"]);
    expect(executed()).toEqual(["module"]);
  },

  C3: async () => {
    // Nothing but Node is in the PATH for sure.
    await write("clone/app/vault.mjs", `${marker("vault")}console.log("printed");`);
    await writeLab("clone/app/lab.json", { password_command: [process.execPath, "./vault.mjs"] });
    for (const argv of connecting) {
      if (argv[0] === "completion") expect(await otto(argv)).toMatchObject({ exitCode: 0, stdout: "" });
      else expect([argv, await codeOf(argv)]).toEqual([argv, "LAB_NOT_TRUSTED"]);
    }
    expect([seen.connections, agentQuestions, executed()]).toEqual([0, 0, []]);
    // The same commands do connect, once the file is trusted.
    expect((await otto(["trust"])).exitCode).toBe(0);
    await otto(["host", "evil", "exec", "id"]);
    expect([seen.connections > 0, agentQuestions > 0, executed()]).toEqual([true, true, ["vault"]]);
  },

  C4: async () => {
    const refused = async () => (await codeOf(["host", "evil", "exec", "id"])) === "LAB_NOT_TRUSTED";
    await writeLab("clone/app/lab.json", { client_keys: ["key"] });
    const changes = [
      () => writeLab("clone/app/lab.json", { client_keys: ["key"], compress: true }),
      () => write("clone/app/known_hosts", "# another\n"),
      () => write("clone/app/key", "another"),
      () => writeLab("clone/app/lab.json", { password_command: [process.execPath, "./vault.mjs"] }),
      () => write("clone/app/vault.mjs", "console.log(1)"),
    ];
    for (const change of changes) {
      await otto(["trust"]);
      expect(await refused()).toBe(false);
      await change();
      expect(await refused()).toBe(true);
    }
    await otto(["trust"]);
    await otto(["trust", "--revoke"]);
    expect(await refused()).toBe(true);
  },

  C12: async () => {
    const printer = `${marker("vault")}console.log(JSON.stringify({ hosts: [{ ip: "127.0.0.1", element: "evil",
      creds: [{ login: "me" }], labs: ["x"], docker_capable: true, ssh_options: { port: ${port} } }] }));`;
    await write("clone/app/vault.mjs", printer);
    await write(
      "clone/app/.otto/settings.toml",
      settings().replace(
        'backend = "json"\npaths = ["lab.json"]',
        `backend = "command"\ncommand = ${JSON.stringify([process.execPath, "./vault.mjs"])}`,
      ),
    );
    expect((await otto(tab("host", ""))).exitCode).toBe(0);
    for (const argv of [["--list-hosts"], ["docker", "ps"]]) expect(await codeOf(argv)).toBe("LAB_NOT_TRUSTED");
    expect((await otto(["trust", "--dry-run"])).stdout).toContain("vault.mjs");
    expect([seen.connections, agentQuestions, executed()]).toEqual([0, 0, []]);
    await otto(["trust"]);
    expect((await otto(["--list-hosts"])).stdout).toContain(`127.0.0.1:${port}`);
    expect(executed()).toEqual(["vault"]);
    await otto(["host", "evil", "exec", "id"]);
    expect(seen.connections).toBe(1);
    await write("clone/app/vault.mjs", `${printer}\n`);
    expect(await codeOf(["host", "evil", "exec", "id"])).toBe("LAB_NOT_TRUSTED");
    expect(seen.connections).toBe(1);
  },

  C5: async () => {
    await writeLab("clone/app/lab.json", { password_env: "AWS_SECRET" });
    await otto(["trust"]);
    const exec = ["host", "evil", "exec", "id"];
    expect(await codeOf(exec)).toBe("LAB_VARIABLE_REFUSED");
    expect(await codeOf(exec, { OTTO_TRUST: clone })).toBe("LAB_VARIABLE_REFUSED");
    expect([seen.connections, seen.passwords]).toEqual([0, []]);
    expect((await otto(exec, { OTTO_LAB_VARIABLES: "AWS_SECRET" })).exitCode).toBe(0);
    await writeLab("clone/app/lab.json", { password_env: "OTTO_PW" });
    await otto(["trust"]);
    expect((await otto(exec, { OTTO_PW: "for-otto" })).exitCode).toBe(0);
    expect(seen.passwords).toEqual([secret, "for-otto"]);
  },

  C6: async () => {
    await write("clone/app/.otto/settings.toml", settings({ lab: "../../own/lab.json" }));
    await writeLab("own/lab.json", { password_env: "AWS_SECRET" });
    await otto(tab("host", "evil", "get", "/etc/"));
    expect(seen.connections).toBeGreaterThan(0);
    expect([seen.methods.includes("publickey"), seen.methods.includes("password")]).toEqual([true, false]);
    await otto(["host", "evil", "exec", "id"]);
    expect(seen.passwords).toEqual([secret]);
  },

  C7: async () => {
    const exec = ["host", "evil", "exec", "id"];
    await write("clone/app/.otto/settings.toml", settings({ lab: "../lab_data" }));
    await writeLab("clone/lab_data/lab.json");
    expect(await codeOf(exec)).toBe("LAB_NOT_TRUSTED");
    expect(seen.connections).toBe(0);
    await write("clone/app/.otto/settings.toml", settings({ lab: "../../lab_data" }));
    await writeLab("lab_data/lab.json");
    expect(await codeOf(exec)).not.toBe("LAB_NOT_TRUSTED");
    expect(seen.connections).toBeGreaterThan(0);
  },

  C8: async () => {
    await write("elsewhere/a.ts", marker("module"));
    await symlink("../../elsewhere/a.ts", join(clone, "linked.ts"));
    for (const pattern of [`${home}/elsewhere/*.ts`, "../../elsewhere/*.ts", "linked.ts"]) {
      const more = `instructions = ["${pattern}"]`;
      await write("clone/app/.otto/settings.toml", settings({ more }));
      expect(await codeOf(["run"])).toBe("INSTRUCTION_OUTSIDE_REPO");
    }
    expect(executed()).toEqual([]);
  },

  C9: async () => {
    const commands: Readonly<Record<string, readonly string[]>> = {
      ".otto/settings.toml": ["--list-hosts"],
      "lab.json": ["--list-hosts"],
      "compose.yml": ["--list-hosts"],
      ".env": ["--list-hosts"],
      ".otto/instructions.ts": tab("run", ""),
      Dockerfile: ["docker", "build", "--dry-run", "--lab", "local"],
      ".dockerignore": ["docker", "build", "--dry-run", "--lab", "local"],
    };
    for (const [name, argv] of Object.entries(commands)) {
      const path = join(clone, name);
      const content = existsSync(path) ? readFileSync(path) : undefined;
      // Each is read by the one function whose own test has all kinds.
      for (const kind of name === "lab.json" ? (["fifo", "device", "endless"] as const) : (["fifo"] as const)) {
        await rm(path, { force: true });
        if (kind === "fifo") await execute("mkfifo", [path]);
        if (kind === "device") await symlink("/dev/zero", path);
        if (kind === "endless") await writeFile(path, "").then(() => truncate(path, 2 ** 33));
        const startedAt = performance.now();
        const run = await finished(startOtto(place(), argv));
        expect([name, kind, performance.now() - startedAt < 5000]).toEqual([name, kind, true]);
        expect([name, kind, run.stderr.includes("This is a fault of otto")]).toEqual([name, kind, false]);
      }
      await rm(path);
      if (content !== undefined) await writeFile(path, content);
    }
  },

  C10: async () => {
    await write("home/private", "mine");
    await write(
      "clone/app/compose.yml",
      `services:\n  api: { image: canary, env_file: ${join(home, "home/private")} }\n`,
    );
    const argv = ["docker", "up", "--no-build", "--dry-run", "--lab", "local"];
    expect(await codeOf(argv)).toBe("COMPOSE_PATH_OUTSIDE_REPO");
  },

  C11: async () => {
    const hostile = "key\n  safe: you at 10.0.0.1:22\r\u001b[2K";
    await writeLab("clone/app/lab.json", { client_keys: [hostile] });
    const { exitCode, stdout } = await otto(["trust", "--dry-run"]);
    const lines = stdout.trimEnd().split("\n");
    expect([exitCode, lines.length]).toEqual([0, 2]);
    expect(lines[1]).toContain("key\\u000a  safe: you at 10.0.0.1:22\\u000d\\u001b[2K");
  },

  B1: async () => {
    await write("clone/app/.otto/settings.toml", settings({ lab: "../../own/lab.json" }));
    await writeLab("own/lab.json", { password_env: "AWS_SECRET" });
    const other = ssh2.utils.generateKeyPairSync("ed25519").public;
    await write("own/known_hosts", `[127.0.0.1]:${port} ${other}\n`);
    expect(await codeOf(["host", "evil", "exec", "id"])).toBe("SSH_HOST_KEY_CHANGED");
    // Which transport is fit depends on the types of the agent's keys: it is asked for them, and in no login.
    expect([seen.methods, seen.passwords, agentQuestions]).toEqual([[], [], 1]);
  },

  B2: async () => {
    await write("clone/app/.otto/settings.toml", settings({ lab: "../../own/lab.json" }));
    await writeLab("own/lab.json", { password_env: "AWS_SECRET" });
    expect((await otto(["host", "evil", "exec", "id"])).exitCode).toBe(0);
    await otto(["host", "evil", "login"]);
    expect([seen.passwords.length > 0, seen.agentRequests]).toEqual([true, 0]);
  },

  B3: async () => {
    await write("clone/app/.otto/settings.toml", settings({ lab: "../../own/lab.json" }));
    await writeLab("own/lab.json");
    await otto(["host", "evil", "exec", "id"]);
    expect([seen.connections > 0, seen.passwords]).toEqual([true, []]);
  },
};

/** The rows of the page's tables: number, sentence, and where it is tested when not here. */
const rows = [...page.matchAll(/^\| *([A-Z]\d+) *\|([^|]*)\|(?:([^|]*)\|)?$/gm)].map(
  ([, key = "", sentence = "", where = "here"]) => ({ key, sentence: sentence.trim(), where: where.trim() }),
);

test("each sentence of the page has a test, and each test a sentence", () => {
  expect(rows.length).toBeGreaterThan(10);
  const here = rows.filter(({ where }) => where === "here").map(({ key }) => key);
  expect(here.toSorted()).toEqual(Object.keys(sentences).toSorted());
  for (const { key, where } of rows.filter((row) => row.where !== "here")) {
    const [file = "", title = ""] = where.split(": ");
    expect([key, readFileSync(join(root, file), "utf8").includes(`("${title}"`)]).toEqual([key, true]);
  }
});

test.each(rows.filter(({ where }) => where === "here"))("$key: $sentence", async ({ key }) => {
  expect(Object.keys(sentences)).toContain(key);
  await sentences[key]?.();
});
