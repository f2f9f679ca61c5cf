import { OttoError } from "@otto/errors";
import type { SshErrorCode } from "../route/failure.js";

/** What is read or replaced by `internals.ts`, by the object that has it: each path with the type of what is there. */
const shapes = {
  client: {
    "_protocol._handlers.EXT_INFO": "function",
    "_protocol._handlers.SERVICE_ACCEPT": "function",
    "_protocol._handlers.USERAUTH_FAILURE": "function",
    "_protocol._handlers.GLOBAL_REQUEST": "function",
    "_protocol.service": "function",
    "_protocol.signal": "function",
    "_protocol.authNone": "function",
    "_protocol.authPassword": "function",
    "_protocol.authPK": "function",
    "_protocol.authKeyboard": "function",
    "_protocol.authHostbased": "function",
    "_protocol._packetRW.write.allocStart": "number",
    "_protocol._packetRW.write.alloc": "function",
    "_protocol._packetRW.write.finalize": "function",
    "_chanMgr._channels": "object",
  },
  channel: {
    type: "string",
    "incoming.state": "string",
    "outgoing.state": "string",
    "outgoing.id": "number",
    "_callbacks.length": "number",
    "_client._protocol.signal": "function",
  },
  parts: {
    "handlers.91": "function",
    "handlers.100": "function",
    "utils.sendPacket": "function",
    "constants.DEFAULT_KEX": "object",
    "constants.SUPPORTED_KEX": "object",
    "constants.DEFAULT_CIPHER": "object",
    "constants.SUPPORTED_CIPHER": "object",
    "constants.DEFAULT_MAC": "object",
    "constants.SUPPORTED_MAC": "object",
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

/** Objects of ssh2, as one connection has them. */
export type Ssh2Samples = Readonly<Record<keyof typeof shapes, unknown>>;

/**
 * Checks that ssh2 still has what is used of its internals, which no version of it promises.
 * @throws OttoError `SSH_LIBRARY_UNSUPPORTED`, with the version and the first thing that is missing
 */
export function assertSsh2Shape(samples: Ssh2Samples, readVersion: () => string): void {
  for (const [name, shape] of Object.entries(shapes)) {
    const sample = samples[name as keyof Ssh2Samples];
    const missing = Object.entries(shape).find(([path, type]) => typeof valueAt(sample, path) !== type);
    if (missing !== undefined) throw shapeError(readVersion(), `${name}.${missing[0]}`);
  }
}

function valueAt(root: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | null | undefined)?.[key], root);
}

function shapeError(version: string, missing: string): OttoError<SshErrorCode> {
  return new OttoError("SSH_LIBRARY_UNSUPPORTED", `loading ssh2 ${version}: it has no ${missing}, which is used here`, {
    hint: "Install ssh2 1.17 (`npm ls ssh2` shows what brings another version), or set transport to openssh.",
    details: { version, missing },
  });
}
