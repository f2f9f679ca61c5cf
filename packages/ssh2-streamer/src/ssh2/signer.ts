import type { BaseAgent, ParsedKey } from "ssh2";

/** A key whose signatures are made elsewhere, or later. */
export interface SigningKey {
  publicKey(): Promise<ParsedKey>;
  /** @param options `hash`: `sha256` or `sha512`, for RSA keys */
  sign(data: Buffer, options: { readonly hash?: string }): Promise<Buffer>;
}

/** An agent with this key alone, for ssh2's authentication by `agent`. */
export function createSigner(ssh2: typeof import("ssh2"), key: SigningKey): BaseAgent {
  class Signer extends ssh2.BaseAgent<ParsedKey> {
    getIdentities(done: (error?: Error, keys?: ParsedKey[]) => void): void {
      key.publicKey().then((it) => done(undefined, [it]), done);
    }

    sign(_key: ParsedKey, data: Buffer, options: unknown, done?: unknown): void {
      const finish = done as (error?: Error, signature?: Buffer) => void;
      key.sign(data, options as { readonly hash?: string }).then((signature) => finish(undefined, signature), finish);
    }
  }
  return new Signer();
}
