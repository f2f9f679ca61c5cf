import type { ComposeService } from "@otto/compose-files";
import { cleanText, type Redactor } from "@otto/errors";
import type { StackRedactor } from "../declared/stack-redactor.js";
import type { ObservedContainer } from "../observed/observed-stack.js";
import { dockerWords } from "../session/compose-command.js";
import type { StackSession } from "../session/stack-session.js";
import { type ContainerReport, createReport, parseInspected } from "./container-report.js";
import { readTexts } from "./container-texts.js";
import { findWaiting, orderByNeed } from "./failure-order.js";
import type { ServiceFailure, StackFailure } from "./failure-text.js";

/** How a stack is looked at. */
export interface StackView {
  readonly session: StackSession;
  /** Of logs. */
  readonly redactor: StackRedactor;
}

/** A service that is not up, as it was judged. */
export interface Unready {
  readonly service: string;
  readonly because: string;
  readonly container?: ObservedContainer | undefined;
  /** Whether it was not begun with: others may be why. Default false. */
  readonly isUnstarted?: boolean | undefined;
}

/** Log lines of the service that failed first, and of each further one. */
const lastLogLines = { first: 30, further: 10 };
/** Services whose containers are looked at. */
const maxExplained = 8;
const maxLogBytes = 64 << 10;

/**
 * Asks the engine why services are not up, those that others need first. What cannot be asked is left out.
 * @param services all of the stack
 * @param containers all of the stack, as they were observed
 */
export async function readFailure(
  view: StackView,
  unready: readonly Unready[],
  {
    services,
    containers,
  }: { readonly services: readonly ComposeService[]; readonly containers: readonly ObservedContainer[] },
): Promise<StackFailure> {
  const enabled = orderByNeed(services.filter(({ enabled }) => enabled));
  const began = unready.filter((one) => one.isUnstarted !== true);
  const failedNames = new Set((began.length === 0 ? unready : began).map(({ service }) => service));
  const candidates = new Set(enabled.map(({ name }) => name).filter((name) => isUnstarted(containers, name)));
  const waiting = findWaiting(enabled, { failed: failedNames, candidates });
  const waits = new Set(waiting.map(({ service }) => service));
  const rank = (name: string) => enabled.findIndex((service) => service.name === name);
  const roots = unready.filter(({ service }) => !waits.has(service)).sort((a, b) => rank(a.service) - rank(b.service));
  const explained = roots.slice(0, maxExplained);
  const reports = await readReports(
    view,
    explained.flatMap(({ container }) => container ?? []),
  ).catch(() => new Map<string, ContainerReport>());
  const redactor = await view.redactor();
  const failed = explained.map(({ service, because, container }) => ({
    service,
    because,
    container: container && cleanReport(reports.get(container.id) ?? createReport(container, undefined, ""), redactor),
  }));
  return { failed, waiting };
}

function isUnstarted(containers: readonly ObservedContainer[], service: string): boolean {
  const own = containers.filter((container) => container.service === service);
  return own.every(({ state }) => state === "created");
}

/** By the containers' ids. */
async function readReports(
  { session }: StackView,
  containers: readonly ObservedContainer[],
): Promise<ReadonlyMap<string, ContainerReport>> {
  if (containers.length === 0) return new Map();
  const docker = dockerWords(session.parent);
  const commands = containers.map(({ id }, at) => {
    const lines = at === 0 ? lastLogLines.first : lastLogLines.further;
    return `${docker} logs --tail ${lines} ${id} 2>&1 | tail -c ${maxLogBytes}`;
  });
  const ids = containers.map(({ id }) => id);
  const { inspected, printed } = await readTexts(session, ids, commands);
  const details = parseInspected(inspected);
  return new Map(
    containers.map((one, at) => [one.id, createReport(one, details.get(one.id), cutLog(printed[at] ?? ""))]),
  );
}

/** Of a log that was cut, the first line may begin within a secret, which would not be found. */
export function cutLog(text: string, maxBytes = maxLogBytes): string {
  if (Buffer.byteLength(text) < maxBytes) return text;
  const whole = text.indexOf("\n") + 1;
  return whole > 0 && whole < text.length ? text.slice(whole) : "";
}

function cleanReport(report: ContainerReport, redactor: Redactor): ContainerReport {
  const clean = (text: string) => cleanText(text, redactor).trimEnd();
  const { probe } = report;
  return {
    ...report,
    command: report.command.map(clean),
    image: clean(report.image),
    startError: clean(report.startError),
    probe: probe && { ...probe, command: clean(probe.command), output: clean(probe.output) },
    logs: clean(report.logs),
  };
}

/** The failures as plain JSON, for `details`. */
export function failureDetails({ failed, waiting }: StackFailure) {
  return {
    failed: failed.map(({ service, because, container }: ServiceFailure) => ({
      ...{ service, because },
      ...(container && {
        ...{ container: container.name, state: container.state, exitCode: container.exitCode },
        ...{ restarts: container.restarts, isOutOfMemory: container.isOutOfMemory },
        ...(container.health !== undefined && { health: container.health }),
        ...(container.startError !== "" && { startError: container.startError }),
        ...(container.probe !== undefined && { healthCheck: { ...container.probe } }),
        logs: container.logs,
      }),
    })),
    waiting: waiting.map(({ service, for: roots }) => ({ service, for: [...roots] })),
  };
}
