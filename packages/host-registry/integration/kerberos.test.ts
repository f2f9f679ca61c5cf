import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadLab, loadRepo } from "@otto/config";
import { Lab } from "@otto/host-registry";
import { type Kdc, startKdc, startLab, type Lab as TestLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

let kdc: Kdc;
let machines: TestLab<"parent">;
let home: string;
let password: string;

beforeAll(async () => {
  kdc = await startKdc();
  // sshd has it from this process.
  Object.assign(process.env, kdc.environment);
  const sshdConfig = ["GSSAPIAuthentication yes", "GSSAPIStrictAcceptorCheck no"];
  machines = await startLab({ hosts: { parent: { server: "openssh", sshdConfig } } });
  await kdc.addService("host/127.0.0.1");
  password = await kdc.addUser(machines.hosts.parent.user);
  home = join(machines.directory, "user");
  const { address, port, user } = machines.hosts.parent;
  const config = `Host box
  HostName ${address}
  Port ${port}
  User ${user}
  GSSAPIAuthentication yes
  IdentityFile ${machines.privateKeyPath}
`;
  await mkdir(join(home, ".ssh"), { recursive: true });
  await writeFile(join(home, ".ssh", "config"), config);
  const ssh_options = { use_ssh_config: true, known_hosts: machines.knownHostsPath, agent: false };
  const host = {
    ip: "box",
    element: "parent",
    creds: [{ login: user }],
    labs: ["lab"],
    docker_capable: true,
    ssh_options,
  };
  await writeFile(join(home, "lab.json"), JSON.stringify({ hosts: [host], links: [] }));
  const settings = 'name = "r"\nversion = "1.0.0"\n[[lab.sources]]\nbackend = "json"\npaths = ["../lab.json"]\n';
  await mkdir(join(home, "repo", ".otto"), { recursive: true });
  await writeFile(join(home, "repo", ".otto", "settings.toml"), settings);
});

afterAll(async () => {
  await machines[Symbol.asyncDispose]();
  await kdc[Symbol.asyncDispose]();
});

/** The transport to the parent, and why, with these variables. */
async function chosenWith(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const repos = [await loadRepo(join(home, "repo"), { home })];
  const data = await loadLab({ repos, name: "lab", home });
  let chosen: string | undefined;
  await using lab = new Lab({
    data,
    repos,
    env,
    home,
    onSshEvent: (event) => {
      if (event.type === "ssh.transport") chosen = `${event.transport}: ${event.cause}`;
    },
  });
  expect((await lab.parent("parent").exec(["echo", "in"])).stdout.toString()).toBe("in\n");
  return chosen;
}

async function getTicket(env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn("kinit", [machines.hosts.parent.user], { env, stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(`${password}\n`);
  expect(await once(child, "exit")).toEqual([0, null]);
}

/** A krb5.conf whose tickets are where no variable says. */
async function createConfig(): Promise<string> {
  const path = join(machines.directory, "krb5-elsewhere.conf");
  const own = `[libdefaults]\n  default_ccache_name = FILE:${join(machines.directory, "elsewhere")}\n`;
  await writeFile(path, `${own}${await readFile(kdc.environment.KRB5_CONFIG, "utf8")}`);
  return path;
}

async function createCollection(): Promise<string> {
  const path = join(machines.directory, "collection");
  await mkdir(path, { mode: 0o700 });
  return `DIR:${path}`;
}

test.each<[string, () => Promise<NodeJS.ProcessEnv>]>([
  ["where krb5.conf says", async () => ({ KRB5_CONFIG: await createConfig() })],
  ["in a collection", async () => ({ KRB5CCNAME: await createCollection() })],
])("a ticket %s lets in by GSSAPI, and without one nothing waits for it", async (_, createEnv) => {
  const env = { PATH: process.env.PATH, ...kdc.environment, ...(await createEnv()) };
  expect(await chosenWith(env)).toBe("ssh2: it does what is asked for");
  await getTicket(env);
  expect(await chosenWith(env)).toBe("openssh: GSSAPI");
  expect((await machines.hosts.parent.readLog()).split("\n").findLast((line) => line.includes("Accepted"))).toContain(
    "gssapi-with-mic",
  );
});
