export { abortable } from "./abortable.js";
export {
  defaultFileLimit,
  describeFileError,
  isSystemError,
  readBoundedFile,
  readBoundedFileSync,
} from "./bounded-file.js";
export { brokenPipe } from "./broken-pipe.js";
export { cleanText } from "./clean-text.js";
export { escapeControls, isPrintable } from "./control-characters.js";
export {
  anySignal,
  createDeadline,
  type Deadline,
  type Grace,
  isWithin,
  longestTimerMs,
  shareSignal,
  startDeadline,
  startGrace,
  startTimer,
} from "./deadline.js";
export { forgetLastStat } from "./forget-last-stat.js";
export { type GuardedListener, guardListener, withListener } from "./listener.js";
export { nearestWord } from "./nearest-word.js";
export { amendError, isOttoError, type Json, OttoError, type OttoErrorOptions } from "./otto-error.js";
export { OutputText } from "./output-text.js";
export { quoteCommand, quoteWord } from "./quote-word.js";
export { createRedactor, type RedactedText, type Redactor } from "./redactor.js";
export { type RetryOptions, RetryPolicy } from "./retry-policy.js";
export { type RunningClock, startRunningClock } from "./running-clock.js";
export { Secret } from "./secret.js";
export { isRedactable } from "./secret-forms.js";
export { SingleFlight } from "./single-flight.js";
export { toError } from "./to-error.js";
