import { connect, type Socket } from "node:net";
import { encodeFields, FieldReader, MessageReader, WireError } from "./wire.js";

// PROTOCOL.mux of OpenSSH.
const hello = 0x00000001;
const protocolVersion = 4;
const aliveCheck = 0x10000004;
const proxy = 0x1000000f;
const refusals: Readonly<Record<number, string>> = { 2147483650: "permission denied", 2147483651: "failure" };
const alive = 0x80000005;
const proxyStarted = 0x8000000f;

export interface Attachment {
  /** From now on it carries packets of SSH's connection protocol. Nothing reads it yet. */
  readonly socket: Socket;
  /** The process of the master. */
  readonly pid: number;
}

/**
 * Asks the master that listens on a control socket to pass on packets of SSH's connection protocol (its proxy mode).
 * @param signal ends the wait; the socket is destroyed then
 * @throws WireError, an error of the socket, or the signal's reason
 */
export function attach(controlPath: string, signal: AbortSignal): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    const socket = connect(controlPath);
    const messages = new MessageReader();
    let pid = 0;
    const fail = (error: unknown) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      reject(error);
    };
    const onAbort = () => fail(signal.reason);
    const onClose = () => fail(new WireError("the master closed its control socket"));
    const onData = (chunk: Buffer) => {
      try {
        messages.push(chunk, receive);
      } catch (error) {
        fail(error);
      }
    };
    const receive = (body: Buffer) => {
      const fields = new FieldReader(body);
      const type = fields.uint32();
      if (type === hello) {
        if (fields.uint32() !== protocolVersion) throw new WireError("the master speaks another protocol");
        socket.write(request(aliveCheck, 0));
        return;
      }
      const why = refusals[type];
      if (fields.uint32() >= 0 && why !== undefined) throw new WireError(`${why}: ${fields.string().toString()}`);
      if (type === alive) {
        pid = fields.uint32();
        socket.write(request(proxy, 1));
      } else if (type === proxyStarted) {
        // The master says nothing more until it is asked.
        socket.pause();
        socket.off("data", onData).off("error", fail).off("close", onClose);
        signal.removeEventListener("abort", onAbort);
        resolve({ socket, pid });
      } else throw new WireError(`the master answered ${type.toString(16)}`);
    };
    socket.on("data", onData).once("error", fail).once("close", onClose);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) return onAbort();
    socket.write(frame([{ uint32: hello }, { uint32: protocolVersion }]));
  });
}

function request(type: number, id: number): Buffer {
  return frame([{ uint32: type }, { uint32: id }]);
}

function frame(fields: Parameters<typeof encodeFields>[0]): Buffer {
  return encodeFields([{ string: encodeFields(fields) }]);
}
