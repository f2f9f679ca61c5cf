/** What every request carries: the engine's name for messages, and how it is called off. */
export interface EngineRequest {
  readonly engine: string;
  readonly abort: { readonly abortSignal?: AbortSignal };
}
