import type { Secret } from "@otto/errors";

/** What every request carries: the engine's name for messages, and how it is called off. */
export interface EngineRequest {
  readonly engine: string;
  readonly abort: { readonly abortSignal?: AbortSignal };
  /** Sent along; an error must not show them, whatever the engine answers. Default: none. */
  readonly secrets?: readonly Secret[] | undefined;
  /** What to do about a refusal, by the engine's words. Default: nothing is said. */
  readonly refusalHint?: ((words: string) => string | undefined) | undefined;
}
