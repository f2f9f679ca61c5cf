import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatPortScript } from "./port-tool.js";

/** What a script runs where only these tools are. */
function toolOf(script: string, tools: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "otto-tools-"));
  for (const tool of tools) {
    writeFileSync(join(directory, tool), `#!/bin/sh\necho "${tool} $*"\n`, { mode: 0o755 });
  }
  try {
    const env = { PATH: directory };
    return execFileSync("/bin/sh", ["-c", script, "otto-port", "db", "5432"], { env }).toString().trim();
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("socat ends with its server, or waits for it: a hop whose next machine hangs up is to see that", () => {
  expect(toolOf(formatPortScript(), ["socat", "busybox"])).toBe("socat - TCP:db:5432");
  expect(toolOf(formatPortScript(), ["socat", "nc"])).toBe("nc db 5432");
  expect(toolOf(formatPortScript({ waitsForServer: true }), ["socat", "nc"])).toBe("socat -t 86400 - TCP:db:5432");
});
