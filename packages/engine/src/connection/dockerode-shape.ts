import { OttoError } from "@otto/errors";

/** The calls that are used of each part of dockerode. */
const methods = {
  Container: ["exec", "inspect", "resize"],
  Exec: ["inspect", "resize"],
  Image: ["inspect", "remove", "tag"],
} as const;

/** dockerode's classes, which its entry does not export. */
export type DockerodeParts = Readonly<Record<keyof typeof methods, { readonly prototype?: unknown } | undefined>>;

/**
 * Checks that the files which are imported beside dockerode's entry have what is used of them.
 * @throws OttoError `ENGINE_LIBRARY_UNSUPPORTED`, with the version and what is missing
 */
export function assertDockerodeShape(parts: DockerodeParts, readVersion: () => string): void {
  for (const [part, names] of Object.entries(methods)) {
    const prototype = parts[part as keyof typeof methods]?.prototype as Readonly<Record<string, unknown>> | undefined;
    const missing = names.find((name) => typeof prototype?.[name] !== "function");
    if (missing !== undefined) throw dockerodeError(readVersion(), `${part}.${missing}`);
  }
}

function dockerodeError(version: string, missing: string): OttoError {
  const message = `loading dockerode ${version}: it has no ${missing}, which is used here`;
  return new OttoError("ENGINE_LIBRARY_UNSUPPORTED", message, {
    hint: "Install dockerode 5.0 (`npm ls dockerode` shows what brings another version).",
    details: { version, missing },
  });
}
