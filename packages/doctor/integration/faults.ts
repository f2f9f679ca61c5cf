import { once } from "node:events";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";

/** Programs that commands of a login find before all others. */
export async function writePrograms(directory: string, programs: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(directory, { recursive: true });
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(directory, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(directory, name), 0o755);
  }
  return directory;
}

/** A directory in which these programs of the machine are, and nothing else. */
export async function linkPrograms(directory: string, names: readonly string[]): Promise<string> {
  await mkdir(directory, { recursive: true });
  for (const name of names) await symlink(`/bin/${name}`, join(directory, name));
  return directory;
}

/** Lines of an sshd_config that give every command this PATH. */
export function withPath(path: string): { readonly sshdConfig: readonly string[] } {
  return { sshdConfig: [`ForceCommand PATH=${path}; export PATH; eval "$SSH_ORIGINAL_COMMAND"`] };
}

/** An engine that answers `/version` and nothing else. */
export function startEngine(socketPath: string, version: object): Promise<AsyncDisposable> {
  const server = createHttpServer((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ Version: "26.1.5", ApiVersion: "1.45", Os: "linux", ...version }));
  });
  return listen(server, socketPath);
}

/** Something behind a socket that hangs up at once. */
export function startHangUp(socketPath: string): Promise<AsyncDisposable> {
  return listen(
    createServer((socket) => socket.destroy()),
    socketPath,
  );
}

/** A port on which some other protocol greets. */
export async function startGreeter(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.write("220 mail.example.com ESMTP\r\n");
  });
  const closing = await listen(server, 0);
  return { ...closing, port: (server.address() as AddressInfo).port };
}

async function listen(server: Server, at: string | number): Promise<AsyncDisposable> {
  server.listen(typeof at === "string" ? at : { port: at, host: "127.0.0.1" });
  await once(server, "listening");
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) (server as { closeAllConnections(): void }).closeAllConnections();
      }),
  };
}
