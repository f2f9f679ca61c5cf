import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

export interface TicketQuestion {
  /** `PATH` finds `klist`; `KRB5CCNAME` and `KRB5_CONFIG` name caches. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends `klist`. */
  readonly signal?: AbortSignal | undefined;
}

/** A cache that a daemon has to be asked about may not answer. */
const answerTimeoutMs = 5000;

/**
 * Whether `ssh` may log in by Kerberos: Debian's ssh_config asks for it of every server, whether its user has a ticket or not.
 * `klist` knows every kind of cache; without it, the usual file counts, and whatever is named.
 */
export async function hasTicket({ env, signal }: TicketQuestion): Promise<boolean> {
  // Tickets are made from it when there are none.
  if (env.KRB5_CLIENT_KTNAME !== undefined) return true;
  try {
    await promisify(execFile)("klist", ["-A", "-s"], { env: { ...env }, signal, timeout: answerTimeoutMs });
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as { readonly code?: unknown }).code === 1) return false;
    return env.KRB5CCNAME !== undefined || existsSync(`/tmp/krb5cc_${process.getuid?.()}`);
  }
}
