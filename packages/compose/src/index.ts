export {
  type ContainerState,
  type ContainerStatus,
  containerStates,
  formatContainerStatus,
  isRunningState,
  readContainerStatus,
  readListedStatus,
} from "@otto/engine";
export { mayEnd } from "./declared/may-end.js";
export {
  chooseServices,
  forcedServices,
  requireDeclared,
  type ServiceChoice,
  usedImages,
} from "./declared/service-choice.js";
export { type PlacedStack, readStack, type Stack, type StackOptions } from "./declared/stack.js";
export { createStackRedactor, type StackRedactor } from "./declared/stack-redactor.js";
export { type ComposeModel, readComposeModel } from "./desired/compose-model.js";
export { type DownEvent, type DownOptions, type DownOutcome, formatKept, takeDown } from "./down.js";
export type {
  ComposeBuildEvent,
  ComposeBuildOutputEvent,
  ComposeOutputEvent,
  ComposePullEvent,
  ResourceEvent,
  ServiceEvent,
  ServicePhase,
  StackEvent,
} from "./events/stack-event.js";
export type {
  FindLogin,
  ReadyEvent,
  ServicePort,
  StackOrigin,
  StackWarning,
  UpEvent,
  UpOptions,
} from "./execute/up-options.js";
export {
  type FoundFailure,
  readSavedFailure,
  readSavedLog,
  type SavedContainer,
  type SavedFailure,
} from "./failure/saved-failure.js";
export type { SavedLogLine } from "./failure/saved-log.js";
export { type HeldLease, type HoldOptions, holdLease, isLeased } from "./lease/stack-lease.js";
export { leaseStack, reapStack, type StackLease, type StackLeaseOptions } from "./lease-stack.js";
export { containerHostId, createContainerHost } from "./observed/container-hosts.js";
export { type ComposePsOptions, type ContainerRow, composePs, toRow } from "./observed/container-rows.js";
export type { ObservedContainer, ObservedPort } from "./observed/observed-stack.js";
export { type OneOff, type OneOffContainer, type OneOffOptions, startOneOff } from "./one-off.js";
export { type DownStep, formatDownStep } from "./plan/down.js";
export { formatUpStep, type IgnoreStep, type UpPlan, type UpPreview, type UpStep } from "./plan/operations.js";
export { type PreviewOptions, previewDown, previewUp } from "./preview.js";
export { type PulledImage, type PullOptions, previewPull, pullStack, type StackPullStep } from "./pull-stack.js";
export {
  actOnServices,
  previewAction,
  type ServiceAction,
  type ServiceActionEvent,
  type ServiceActionOptions,
  type ServiceActionSettings,
  type ServiceChange,
} from "./service-actions.js";
export { type WaitingEvent, withStackLock } from "./session/stack-lock.js";
export type { PhaseListener, StackPhase, StackPhaseName } from "./session/stack-phase.js";
export {
  openStackSession,
  type SessionOptions,
  type StackLocation,
  type StackSession,
} from "./session/stack-session.js";
export { findStackFailure } from "./stack-failure.js";
export { type QueryOptions, queryStack, readStackConfig } from "./stack-queries.js";
export { bringUp } from "./up.js";
