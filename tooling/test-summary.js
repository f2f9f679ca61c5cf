// Adds up the reports of all test runs and ends with "N passed, N failed". Arguments: the steps that failed. A test file
// that did not run, or did not load, counts as failed; so does a skipped test.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const kinds = { unit: "src", integration: "integration" };
const packages = ["packages", "apps", "tooling"].flatMap((group) =>
  readdirSync(group)
    .map((name) => join(group, name))
    .filter((folder) => existsSync(join(folder, "package.json"))),
);

function testFiles(folder) {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file)));
  return files.filter((file) => file.endsWith(".test.ts"));
}

function countTests(folder, kind, source) {
  const path = join(folder, "test-results", `${kind}.json`);
  const results = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).testResults : [];
  const absent = testFiles(join(folder, source)).filter((file) => !results.some(({ name }) => name === resolve(file)));
  const unloaded = results.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  const tests = results.flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter(({ status }) => status === "passed").length;
  for (const file of absent) console.log(`did not run: ${file}`);
  for (const { name, message } of unloaded) console.log(`did not load: ${name}\n${message}`);
  for (const { fullName, status, failureMessages } of tests)
    if (status !== "passed") console.log(`${status}: ${folder} ${fullName}\n${failureMessages.join("\n")}`);
  return { passed, failed: tests.length - passed + absent.length + unloaded.length };
}

const broken = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const folder of packages) {
  for (const [kind, source] of Object.entries(kinds)) {
    const count = countTests(folder, kind, source);
    if (count.passed + count.failed > 0)
      console.log(`${folder} ${kind}: ${count.passed} passed, ${count.failed} failed`);
    passed += count.passed;
    failed += count.failed;
  }
}
for (const step of broken) console.log(`step failed: ${step}`);
if (broken.length > 0 && failed === 0) failed = broken.length;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
