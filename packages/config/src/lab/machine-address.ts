import { isPrintable, OttoError } from "@otto/errors";

/** A machine as `ssh` takes it. */
export interface MachineAddress {
  /** Name or address; of an IPv6 address without brackets. */
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

/**
 * Reads `[ssh://][user@]host[:port]`; an IPv6 address with a port stands in brackets.
 *
 * @throws `LAB_MACHINE_INVALID`
 */
export function parseMachineAddress(text: string): MachineAddress {
  const bare = text.replace(/^ssh:\/\//i, "").replace(/\/$/, "");
  const [, user, bracketed, plain, port] =
    /^(?:([^@:/\s]+)@)?(?:\[([0-9a-f:.%\w]+)\]|([^@:/[\]\s]+))(?::(\d{1,5}))?$/i.exec(bare) ?? [];
  const host = bracketed ?? plain;
  const isPort = port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
  if (host === undefined || host.startsWith("-") || !isPort || !isPrintable(bare)) {
    // A password may stand in it.
    const shown = text.replace(/^.*@/s, "…@");
    throw new OttoError("LAB_MACHINE_INVALID", `reading the machine ${shown}: expected [user@]host[:port]`, {
      hint: "For example: ci@10.0.0.7, ci@pepper.example.org:2222, ci@[fd00::7]:22",
      details: { machine: shown },
    });
  }
  return { host, ...(user !== undefined && { user }), ...(port !== undefined && { port: Number(port) }) };
}
