import { abortable, isOttoError, type OttoError } from "@otto/errors";
import { absentCause, type BuildStep, type WantedStepOf } from "./build-plan.js";

/** How a parent's part in a shared image ended, for those that wait for it. */
export type SharingEnd =
  /** The registry has the image under this name. */
  | { readonly is: "in registry"; readonly reference: string }
  /** The registry cannot be used and need not be: each parent builds for itself. */
  | { readonly is: "apart" }
  /** It would fail on each parent. */
  | { readonly is: "failed"; readonly error: OttoError }
  /** This parent alone could not provide it: the next one does. */
  | { readonly is: "given up" };

/** What a parent does about an image once it knows how those before it ended. */
export interface Assignment {
  readonly step: BuildStep;
  /** `provider`: it brings the image to the registry for the others. `taker`: another one has done so. */
  readonly role: "alone" | "provider" | "taker";
  /** What a taker pulls. */
  readonly reference?: string | undefined;
}

/** @param earlier how the first of the parents before this one that did not give up ended; undefined: there is none */
export function assignStep(step: BuildStep, earlier: SharingEnd | undefined): Assignment {
  if (step.do === "fail" || step.sharing === undefined) return { step, role: "alone" };
  const own = step.do === "pull" ? (step.takeOver ?? step) : step;
  switch (earlier?.is) {
    case "in registry":
      return { step, role: "taker", reference: earlier.reference };
    case "apart":
      return { step: own.do === "pull" ? buildInstead(own) : own, role: "alone" };
    case "failed": {
      const { error } = earlier;
      return { step: { do: "fail", image: step.image, cause: error.message, error }, role: "alone" };
    }
    case "given up":
    case undefined:
      return { step: own, role: "provider" };
  }
}

function buildInstead({ image, tag, push, wanted }: WantedStepOf<"pull">): WantedStepOf<"build"> {
  const cause = `${absentCause}; the registry cannot be used, and each parent builds for itself`;
  const unasked = { replacesForeign: false, isForced: false, noCache: false, refreshes: undefined };
  return { do: "build", image, tag, push, wanted, cause, ...unasked };
}

/** Whether a failure is that of the image, wherever it is built; else it is that of a parent. */
export function isOfImage(error: unknown): boolean {
  if (!isOttoError(error) || error.code === "BUILD_FEATURE_UNSUPPORTED") return false;
  return error.code === "ENGINE_BUILD_FAILED" || /^(?:BUILD|CONTEXT|DOCKER|IMAGE)_/.test(error.code);
}

/** How far the parents have come with the images that they share. */
export class SharedImages {
  readonly #ends = new Map<string, { readonly ended: Promise<SharingEnd>; readonly end: (end: SharingEnd) => void }>();

  /** Tells those that wait for this parent's part in an image; what is told first counts. */
  tell(tag: string, parentId: string, end: SharingEnd): void {
    this.#endOf(tag, parentId).end(end);
  }

  /**
   * Waits for the parents that come before this one.
   * @returns for {@link assignStep}
   */
  async waitForEarlier(
    step: BuildStep,
    parentId: string,
    { onWaiting, signal }: { onWaiting: (provider: string) => void; signal: AbortSignal | undefined },
  ): Promise<SharingEnd | undefined> {
    if (step.do === "fail") return undefined;
    for (const earlier of step.sharing?.parentIds ?? []) {
      if (earlier === parentId) break;
      onWaiting(earlier);
      const end = await abortable(this.#endOf(step.tag, earlier).ended, signal);
      if (end.is !== "given up") return end;
    }
    return undefined;
  }

  #endOf(tag: string, parentId: string) {
    const key = `${tag} ${parentId}`;
    const known = this.#ends.get(key) ?? createEnd();
    this.#ends.set(key, known);
    return known;
  }
}

function createEnd() {
  let end: (end: SharingEnd) => void = () => {};
  const ended = new Promise<SharingEnd>((resolve) => {
    end = resolve;
  });
  return { ended, end };
}
