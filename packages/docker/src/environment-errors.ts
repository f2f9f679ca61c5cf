import { OttoError } from "@otto/errors";

/** Where a reference stands. */
export interface ReferencePlace {
  readonly file: string;
  /** As `docker.composes[1].environment.DB_ADDR`. */
  readonly key: string;
  /** As it is written. */
  readonly text: string;
}

interface Refusal {
  readonly why: string;
  /** What there is. */
  readonly known: readonly string[];
}

export function unknownReference({ file, key, text }: ReferencePlace, { why, known }: Refusal): OttoError {
  return new OttoError("COMPOSE_REFERENCE_UNKNOWN", `reading ${key} in ${file}: ${text}: ${why}`, {
    hint: `There is: ${known.join(", ") || "none"}. A text that is meant as it is has one more dollar: $\${otto:…}.`,
    details: { file, key, reference: text, known: [...known] },
  });
}

export function ambiguous({ file, key, text }: ReferencePlace, { why, known }: Refusal): OttoError {
  return new OttoError("COMPOSE_REFERENCE_AMBIGUOUS", `reading ${key} in ${file}: ${text}: ${why}`, {
    hint: `Name one: ${known.map((host) => `\${otto:host.${host}.addr}`).join(", ")}.`,
    details: { file, key, reference: text, known: [...known] },
  });
}

export function conflicting({ file, key }: Omit<ReferencePlace, "text">, parent: string): OttoError {
  return new OttoError(
    "COMPOSE_ENVIRONMENT_CONFLICT",
    `reading ${key} in ${file}: another entry on ${parent} gives the variable another value`,
    {
      hint: "Entries on one parent make one Compose project, whose files share their variables: give it one value, or another name.",
      details: { file, key, parent },
    },
  );
}

/** @param parents ids, in a circle */
export function circularPorts(repo: string, parents: readonly string[]): OttoError {
  return new OttoError(
    "COMPOSE_REFERENCE_CYCLE",
    `bringing ${repo} up: ${parents.join(", ")} wait for ports of one another that their engines choose`,
    { hint: "Publish one of the ports by a number of your choice.", details: { repo, parents: [...parents] } },
  );
}

export function providerMissing(
  { service, port, protocol, parent }: { service: string; port: number; protocol: string; parent: string },
  cause?: unknown,
): OttoError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new OttoError(
    "COMPOSE_PROVIDER_NOT_UP",
    `looking for the port of ${service}:${port}/${protocol} on ${parent}: it is not up there${why}`,
    {
      hint: `Bring it up first: otto docker up ${service}`,
      details: { service, port, protocol, parent },
      cause,
    },
  );
}
