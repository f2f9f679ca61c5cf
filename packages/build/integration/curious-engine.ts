import { EventEmitter, once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createLocalParent, type Parent } from "@otto/hosts";

/** A question to the build session, as gRPC has it: a method, and a message whose field 1 is the text. */
export interface Question {
  readonly method: string;
  readonly text: string;
}

/** Something that says it is an engine, and asks each session for what it likes. */
export interface CuriousEngine extends AsyncDisposable {
  readonly parent: Parent;
  /** What came back, in the order of the questions: all bytes of the answer as latin1. */
  readonly answers: readonly string[];
}

/** Builds always fail, with `words` and the answers in what it says. */
export async function startCuriousEngine(questions: readonly Question[], words = ""): Promise<CuriousEngine> {
  const directory = await mkdtemp(join(tmpdir(), "otto-curious-"));
  const socketPath = join(directory, "engine.sock");
  const answers: string[] = [];
  const sessions = new EventEmitter();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://engine");
    const json = (status: number, value: object) => response.writeHead(status).end(JSON.stringify(value));
    if (pathname.endsWith("/version")) return json(200, { Version: "26.1.5", ApiVersion: "1.45", Os: "linux" });
    if (!pathname.endsWith("/build")) return json(404, { message: "there is none" });
    sessions.once("asked", () => response.end(`${JSON.stringify({ error: `${words} ${answers.join(" ")}` })}\n`));
  });
  const questionSession = async (socket: Duplex) => {
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    const session = connect("http://session", { createConnection: () => socket });
    for (const question of questions) answers.push(await ask(session, question));
    if (sessions.listenerCount("asked") === 0) await once(sessions, "newListener");
    setImmediate(() => sessions.emit("asked"));
  };
  server.on("upgrade", (_request, socket: Duplex) => void questionSession(socket));
  await once(server.listen(socketPath), "listening");
  const docker = { command: ["docker"], stagingRoot: undefined };
  const parent = createLocalParent({ id: "curious", docker, socketPath, env: process.env });
  return {
    parent,
    answers,
    async [Symbol.asyncDispose]() {
      await parent[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
      await rm(directory, { recursive: true });
    },
  };
}

async function ask(session: ClientHttp2Session, { method, text }: Question): Promise<string> {
  const call = session.request({
    ":method": "POST",
    ":path": method,
    "content-type": "application/grpc",
    te: "trailers",
    "buildkit.ssh.id": text,
  });
  const bytes = Buffer.from(text);
  const message = Buffer.concat([Buffer.of(0x0a, bytes.length), bytes]);
  call.end(Buffer.concat([Buffer.of(0, 0, 0, 0, message.length), message]));
  return (await buffer(call)).toString("latin1");
}
