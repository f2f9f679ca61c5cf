import type { Parent } from "@otto/hosts";
import { describe } from "vitest";
import type { Lacks } from "./suite/capability.js";
import { testCommands } from "./suite/commands.js";
import { testEnds } from "./suite/ends.js";
import { testFileTables } from "./suite/file-tables.js";
import { testFiles, testReplacedFiles } from "./suite/files.js";
import type { Host } from "./suite/host.js";
import type { HostTests } from "./suite/host-tests.js";
import { testOutputLimits } from "./suite/output-limits.js";
import { testParent } from "./suite/parents.js";
import { testLogin, testPorts } from "./suite/ports.js";
import { testRefusals } from "./suite/refusals.js";
import { testShellCommands } from "./suite/shell-commands.js";
import { testShells } from "./suite/shells.js";

/** What is tested, once it runs. */
export interface OpenHost {
  readonly host: Host;
  /** Of a parent; it has tests of its own. */
  readonly parent?: Parent | undefined;
}

export interface HostKind {
  readonly name: string;
  readonly isParent: boolean;
  /** The kind by whose code its files go, too: there the tables of sources and destinations are tried. Default: its own. */
  readonly filesAs?: string;
  /** What it is without, why, and how it refuses that. */
  readonly lacks: Lacks;
  /** See `HostTests`. Default false. */
  readonly endsWithCommand?: boolean;
}

/**
 * What every kind of host owes, side by side.
 *
 * @param open gives the host, once it runs
 * @param directory of this machine, which the host sees under the same path
 */
export function describeHost(kind: HostKind, open: () => OpenHost, directory: () => string): void {
  const { lacks, endsWithCommand = false } = kind;
  const tests: HostTests = { host: () => open().host, directory, lacks, endsWithCommand };
  describe.concurrent(`a host (${kind.name})`, () => {
    for (const test of testsOf(kind)) test(tests);
    if (kind.isParent) testParent(() => open().parent as Parent, directory);
  });
}

function testsOf({ lacks, filesAs }: HostKind): readonly ((tests: HostTests) => void)[] {
  const has = (capability: keyof Lacks) => lacks[capability] === undefined;
  return [
    testFiles,
    ...(filesAs === undefined ? [testFileTables] : []),
    testRefusals,
    ...(has("files that are replaced in one step") ? [testReplacedFiles] : []),
    ...(has("commands") ? [testCommands, testPorts] : []),
    ...(has("a shell") ? [testShellCommands, testEnds, testShells, testOutputLimits] : []),
    ...(has("a login without a terminal of its own") ? [testLogin] : []),
  ];
}
