import type { Readable } from "node:stream";

/** What is sent to an engine. */
export interface EngineMessage {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** As `/images/create`. */
  readonly path: string;
  /** A list is a parameter for each item, an object goes as JSON; undefined is left out. Default: none. */
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A stream, or what is sent as JSON. Default: none. */
  readonly body?: Readable | { readonly json: object };
}

type QueryValue = string | number | boolean | readonly string[] | object | undefined;

/** Path and query, with a question mark where there is something in it. */
export function formatTarget({ path, query = {} }: Pick<EngineMessage, "path" | "query">): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (Array.isArray(value)) for (const item of value) parameters.append(key, String(item));
    else parameters.set(key, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}

/** A reference as a part of a path, where its slashes stand for themselves. */
export function encodeReference(reference: string): string {
  return encodeURI(reference).replaceAll("?", "%3F").replaceAll("#", "%23");
}

export function isJson(body: EngineMessage["body"]): body is { readonly json: object } {
  return body !== undefined && "json" in body;
}

export function isStream(body: EngineMessage["body"]): body is Readable {
  return body !== undefined && !isJson(body);
}
