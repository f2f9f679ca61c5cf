import type { Duplex } from "node:stream";
import { forgetLastStat } from "@otto/errors";
import type { AgentInboundRequest, ParsedKey, SigningRequestOptions } from "ssh2";

/**
 * An ssh-agent within this process: it lists keys and signs with them, and does nothing else.
 * @param contents of private key files
 * @returns what opens a connection to it
 * @throws Error saying why a key cannot be used
 */
export async function createKeyAgent(contents: readonly Buffer[]): Promise<() => Duplex> {
  forgetLastStat();
  const { default: ssh2 } = await import("ssh2");
  const keys = contents.map((content): ParsedKey => {
    const key = ssh2.utils.parseKey(content);
    if (key instanceof Error) throw key;
    if (!key.isPrivateKey()) throw new Error("not a private key");
    return key;
  });
  return () => {
    const agent = new ssh2.AgentProtocol(false);
    agent.on("identities", (request: AgentInboundRequest) => agent.getIdentitiesReply(request, keys));
    agent.on("sign", (...[request, wanted, data, { hash }]: SignRequest) => {
      const key = keys.find((one) => one.getPublicSSH().equals(wanted.getPublicSSH()));
      const signature = key?.sign(data, hash);
      if (!Buffer.isBuffer(signature)) agent.failureReply(request);
      else agent.signReply(request, wanted.type.startsWith("ecdsa-") ? toSshSignature(signature) : signature);
    });
    return agent;
  };
}

type SignRequest = [request: AgentInboundRequest, wanted: ParsedKey, data: Buffer, options: SigningRequestOptions];

/**
 * Two DER integers as two `mpint`, whose bytes are the same.
 * @see https://www.rfc-editor.org/rfc/rfc5656#section-3.1.2
 */
function toSshSignature(der: Buffer): Buffer {
  const parts: Buffer[] = [];
  // The sequence's length has a second byte from 128 on.
  let at = der.readUInt8(1) > 127 ? 3 : 2;
  while (at < der.length) {
    const length = der.readUInt8(at + 1);
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(length);
    parts.push(prefix, der.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return Buffer.concat(parts);
}
