import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { promisify } from "node:util";
import { type LabProxy, startEcho, startLab, startProxy } from "@otto/lab";
import { afterAll, beforeAll, expect, test } from "vitest";

const execute = promisify(execFile);

let echo: Awaited<ReturnType<typeof startEcho>>;
let proxy: LabProxy;

beforeAll(async () => {
  echo = await startEcho();
  proxy = await startProxy(echo.port, { delayMs: 25 });
});

afterAll(async () => {
  await proxy.close();
  await echo[Symbol.asyncDispose]();
});

async function dial(port = proxy.port): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  await once(socket, "connect");
  return socket;
}

/** Resolves when the echo of so many bytes has come. */
async function receive(socket: Socket, sizeBytes: number): Promise<void> {
  for (let got = 0; got < sizeBytes; ) got += ((await once(socket, "data")) as [Buffer])[0].length;
}

const nextTick = () => new Promise(setImmediate);

test("requests one after the other are a round trip each", async () => {
  const socket = await dial();
  const mark = proxy.roundTrips;
  for (let trip = 1; trip <= 4; trip++) {
    socket.write("x");
    await receive(socket, 1);
    expect(proxy.roundTrips - mark).toBe(trip);
  }
  socket.destroy();
});

test("requests that are sent together, in several packets and on several connections, are one", async () => {
  const [a, b] = [await dial(), await dial()];
  const mark = proxy.roundTrips;
  for (let packet = 0; packet < 5; packet++) {
    a.write("a");
    await nextTick();
    b.write("b");
    await nextTick();
  }
  await Promise.all([receive(a, 5), receive(b, 5)]);
  expect(proxy.roundTrips - mark).toBe(1);
  for (const socket of [a, b]) socket.destroy();
});

test("a greeting is none, and neither is a last word that nobody answers", async () => {
  const server = createServer((client) => {
    client.write("hello");
    client.resume();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const greeter = await startProxy((server.address() as AddressInfo).port, { delayMs: 25 });
  const socket = await dial(greeter.port);
  await receive(socket, 5);
  socket.end("bye");
  await greeter.idle();
  expect([greeter.bytes.up, greeter.bytes.down, greeter.roundTrips]).toEqual([3, 5, 0]);
  await greeter.close();
  server.close();
});

test("OpenSSH's client has the same number each time, and a command on its open connection waits twice", async () => {
  await using lab = await startLab({ hosts: { parent: { proxy: { delayMs: 25 } } } });
  const { parent } = lab.hosts;
  const ssh = (...words: string[]) =>
    execute("ssh", [
      ...["-F", "none", "-o", `UserKnownHostsFile=${lab.knownHostsPath}`, "-o", "BatchMode=yes"],
      ...["-i", parent.privateKeyPath, "-p", String(parent.port)],
      ...["-o", `ControlPath=${lab.directory}/control`, ...words],
    ]);
  const count = async (work: () => Promise<unknown>) => {
    const mark = parent.proxy?.roundTrips ?? Number.NaN;
    await work();
    return (parent.proxy?.roundTrips ?? Number.NaN) - mark;
  };
  const logins = [];
  for (let login = 0; login < 3; login++) logins.push(await count(() => ssh(parent.address, "true")));
  expect(new Set(logins).size).toBe(1);
  await ssh("-o", "ControlMaster=yes", "-o", "ControlPersist=yes", "-N", "-f", parent.address);
  const commands = [];
  for (let command = 0; command < 3; command++) commands.push(await count(() => ssh(parent.address, "true")));
  await ssh("-O", "exit", parent.address);
  expect(commands).toEqual([2, 2, 2]);
});
