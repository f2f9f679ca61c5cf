/** How much of a context a build can read. */
export type ContextReach =
  | {
      readonly kind: "whole";
      /** Why nothing less is known; undefined: the build names all of it, or nobody asked. */
      readonly cause?: string | undefined;
    }
  | {
      readonly kind: "paths";
      /**
       * As BuildKit asks for them: relative, without `.`, `..` and a slash at the end; `*`, `?` and `[…]` match within a
       * name. Each stands for what is at and below it, and for what the links on its way lead to.
       */
      readonly paths: readonly string[];
    };

/** How much a build can read of its contexts. */
export interface BuildReach {
  readonly context: ContextReach;
  /** Of one of `additional_contexts`. */
  named(name: string): ContextReach;
}

export function wholeContext(cause?: string): ContextReach {
  return cause === undefined ? { kind: "whole" } : { kind: "whole", cause };
}

/** All of each context. */
export function wholeReach(cause?: string): BuildReach {
  const whole = wholeContext(cause);
  return { context: whole, named: () => whole };
}
