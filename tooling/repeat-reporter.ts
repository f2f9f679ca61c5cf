import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { SerializedError } from "vitest";
import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

/**
 * Prints the seed of a run at its start, and for every test that failed the command that runs it alone, again. Leaves
 * errors outside of all tests in `test-results`: vitest's JSON report has none of them.
 */
export class RepeatReporter implements Reporter {
  readonly #environment: string;

  /** @param environment what the tests of this run read, `OTTO_SEED` among it */
  constructor(environment: Readonly<Record<string, string | undefined>>) {
    const settings = Object.entries(environment).filter(
      ([name]) => /^OTTO_[A-Z_]+$/.test(name) && !name.startsWith("OTTO_WORLD"),
    );
    this.#environment = settings.map(([name, value]) => `${name}=${quote(value ?? "")}`).join(" ");
  }

  onTestRunStart(): void {
    console.log(`random tests: ${this.#environment}`);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[] = []): void {
    if (unhandled.length > 0) {
      const texts = unhandled.map(({ stack, message }) => (stack ?? message).trim());
      mkdirSync("test-results", { recursive: true });
      writeFileSync(`test-results/unhandled-${process.pid}.json`, JSON.stringify(texts));
    }
    const failed = modules.flatMap((module) => [...module.children.allTests("failed")]);
    if (failed.length === 0) return;
    const [world, config] = ["world", "vitest.integration.ts"].map((file) => fromHere(join(import.meta.dirname, file)));
    console.log(`to repeat each alone, in ${process.cwd()}:`);
    for (const test of failed) {
      const name = quote(`^${escapePattern(namesOf(test).join(" "))}$`);
      const words = [world, "pnpm exec vitest run --config", config, quote(fromHere(test.module.moduleId)), "-t", name];
      console.log(`  ${this.#environment} ${words.join(" ")}`);
    }
  }
}

/** A test's name after those of what it stands in. */
function namesOf({ name, parent }: TestCase | TestSuite): readonly string[] {
  return parent.type === "module" ? [name] : [...namesOf(parent), name];
}

function fromHere(path: string): string {
  return relative(process.cwd(), path);
}

function quote(word: string): string {
  return /^[\w./:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
