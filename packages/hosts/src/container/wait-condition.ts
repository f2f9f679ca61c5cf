/** What a host can be waited for. */
export type WaitCondition = LogCondition | PortCondition | HttpCondition | HealthCondition;

/** A line of what the container writes. */
export interface LogCondition {
  /** A part of the line, or what matches it. */
  readonly log: string | RegExp;
  /** As of `logs`. Default: from the beginning, so that a line which is there already counts. */
  readonly since?: Date | string | undefined;
}

/** A port of the container takes connections. */
export interface PortCondition {
  readonly port: number;
}

/** A plain HTTP server in the container answers a `GET`. */
export interface HttpCondition {
  readonly http: {
    readonly port: number;
    /** Default `/`. */
    readonly path?: string | undefined;
    /** Default: any from 200 to 399. */
    readonly status?: number | undefined;
  };
}

/** The container's health check passes. */
export interface HealthCondition {
  readonly healthy: true;
}

/** @throws TypeError for a condition that is none, or that can never hold */
export function checkCondition(condition: WaitCondition): void {
  const kinds = ["log", "port", "http", "healthy"].filter((kind) => kind in condition);
  if (kinds.length !== 1) throw new TypeError("waitFor takes one of log, port, http, healthy");
  if ("port" in condition) checkPort(condition.port);
  if ("healthy" in condition && condition.healthy !== true) throw new TypeError("waitFor: healthy is true or left out");
  if (!("http" in condition)) return;
  const { port, path = "/", status } = condition.http;
  checkPort(port);
  // It becomes a line of the request.
  if (!/^\/[\x21-\x7e]*$/.test(path)) throw new TypeError(`waitFor: no path of a URL: ${JSON.stringify(path)}`);
  if (status !== undefined && !(Number.isInteger(status) && status >= 100 && status <= 599))
    throw new TypeError(`waitFor: no HTTP status: ${status}`);
}

function checkPort(port: number): void {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return;
  throw new TypeError(`no port: ${port}; it is a whole number from 1 to 65535`);
}

/** For messages: `a line /ready/ of its log`. */
export function formatCondition(condition: WaitCondition): string {
  if ("log" in condition)
    return `a line with ${condition.log instanceof RegExp ? String(condition.log) : JSON.stringify(condition.log)} in its log`;
  if ("port" in condition) return `a connection to port ${condition.port}`;
  if ("healthy" in condition) return "its health check to pass";
  const { port, path = "/", status = "200 to 399" } = condition.http;
  return `status ${status} of http://:${port}${path}`;
}

/** Whether a line holds what is waited for; the state of a `RegExp` with `g` or `y` is neither used nor changed. */
export function createLineTest(log: string | RegExp): (line: string) => boolean {
  if (typeof log === "string") return (line) => line.includes(log);
  const stateless = new RegExp(log.source, log.flags.replace(/[gy]/g, ""));
  return (line) => stateless.test(line);
}

/** The status in the first line of an answer; undefined: it is none of HTTP. */
export function parseStatusLine(text: string): number | undefined {
  const [, status] = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |\r?$)/m.exec(text.split("\n", 1)[0] ?? "") ?? [];
  return status === undefined ? undefined : Number(status);
}

/** Whether it is the one that is waited for. */
export function isWantedStatus(status: number, { status: wanted }: HttpCondition["http"]): boolean {
  return wanted === undefined ? status >= 200 && status <= 399 : status === wanted;
}
