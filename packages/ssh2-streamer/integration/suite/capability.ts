import { test } from "vitest";

/** What a transport, or the server that it talks to, may be without. */
export type Capability = "compression" | "a stream to a socket" | "a forwarded port" | "a terminal";

/** Why something cannot be had, and the error with which it is refused. */
export interface Lack {
  readonly reason: string;
  readonly error: { readonly code: string; readonly details?: object };
}

export type Lacks = Readonly<Partial<Record<Capability, Lack>>>;

/**
 * Where the capability is there, tests what is observed of it; elsewhere that it is refused as declared.
 *
 * @param expected what `observe` gives, as far as it matters
 */
export function testCapability(
  lacks: Lacks,
  capability: Capability,
  observe: () => Promise<unknown>,
  expected: unknown,
): void {
  const lack = lacks[capability];
  const [verb, reason] = lack === undefined ? ["gives", ""] : ["refuses", `: ${lack.reason}`];
  test(`${verb} ${capability}${reason}`, async ({ expect }) => {
    const outcome = await observe().then(
      (given) => ({ given }),
      (error: unknown) => ({ error }),
    );
    expect(outcome).toMatchObject(lack === undefined ? { given: expected } : { error: lack.error });
  });
}
