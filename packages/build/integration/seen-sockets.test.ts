import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createKeyPair, type Lab, startLab } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

// Node 20 and 22 take what `lstatSync` saw last for a part of a module's path.

let lab: Lab<"parent">;
let directory: string;
let socket: Server;

beforeAll(async () => {
  lab = await startLab({ hosts: { parent: {} } });
  directory = await mkdtemp(join(tmpdir(), "otto-sockets-"));
  socket = createServer().listen(join(directory, "socket"));
  await once(socket, "listening");
});

afterAll(async () => {
  socket.close();
  await rm(directory, { recursive: true });
  await lab[Symbol.asyncDispose]();
});

/** What a process prints that finds a socket where a tree should be, and goes on. */
async function runAfterSocket(program: string, input: object): Promise<string> {
  const script = `
    import { readTree } from "@otto/context";
    const input = JSON.parse(process.argv[1]);
    const findSocket = () => readTree(input.socket).catch(({ code }) => console.log(code));
    ${program}`;
  const args = ["--input-type=module", "-e", script, JSON.stringify({ ...input, socket: join(directory, "socket") })];
  // pnpm's NODE_PATH would lead around the links.
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: import.meta.dirname, env: {} });
  return stdout;
}

test("a socket that was seen last does not keep the first SSH connection from being made", async () => {
  const { address, port, user, fingerprint } = lab.hosts.parent;
  // Reading a key would hide it.
  const credentials = [{ username: user }];
  const endpoint = { name: "parent", host: address, port, credentials, hostKey: { pin: fingerprint } };
  const program = `
    import { createSshParent } from "@otto/hosts";
    const docker = { command: ["docker"], stagingRoot: undefined };
    const parent = createSshParent({ id: "parent", route: [input.endpoint], docker, socketPath: undefined });
    await findSocket();
    await parent.exec(["true"]).catch(({ code, message }) => console.log(code ?? message));
    await parent[Symbol.asyncDispose]();`;
  const chosen = { ...endpoint, algorithms: { ciphers: "aes256-ctr" } };
  const said = await Promise.all([endpoint, chosen].map((it) => runAfterSocket(program, { endpoint: it })));
  expect(said).toEqual(Array(2).fill("CONTEXT_UNREADABLE\nSSH_AUTH_FAILED\n"));
});

test("nor a key from being lent to a build", async () => {
  const { privateKeyPath } = await createKeyPair("ed25519", join(directory, "key"));
  const program = `
    import { readFile } from "node:fs/promises";
    const { createKeyAgent } = await import("../dist/key-agent.js");
    const key = await readFile(input.key);
    await findSocket();
    console.log(typeof (await createKeyAgent([key])));`;
  expect(await runAfterSocket(program, { key: privateKeyPath })).toBe("CONTEXT_UNREADABLE\nfunction\n");
});
