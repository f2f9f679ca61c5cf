// Adds up the reports of all test runs: what failed, the slowest tests, and last "N passed, N failed". A test file that
// did not run, or did not load, counts as failed; so does a skipped test, and an error that nobody caught.
//
//   node test-summary.js [--affected] [--broken=STEP]...
//
// --affected: only of the packages that turbo finds changed; --broken: a step that failed.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const shownSlowest = 20;
const kinds = { unit: "src", integration: "integration" };

function findPackages() {
  return ["packages", "apps", "tooling"].flatMap((group) =>
    readdirSync(group)
      .map((name) => join(group, name))
      .filter((folder) => existsSync(join(folder, "package.json"))),
  );
}

function findAffectedPackages() {
  const command = ["exec", "turbo", "run", "test", "test:integration", "--affected", "--dry=json"];
  const { tasks } = JSON.parse(execFileSync("pnpm", command, { encoding: "utf8", maxBuffer: 2 ** 26 }));
  const isTest = ({ task, command }) => task.startsWith("test") && command !== "<NONEXISTENT>";
  return [...new Set(tasks.filter(isTest).map(({ directory }) => directory))];
}

function findTestFiles(folder) {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true }).map((file) => join(folder, String(file)));
  return files.filter((file) => file.endsWith(".test.ts"));
}

/**
 * A suite that runs in parts has a report of each: integration-1.json, integration-2.json. The unit tests of all packages
 * run together have one report at the root.
 */
function readReports(folder, kind) {
  const pattern = new RegExp(`^${kind}(-\\d+)?\\.json$`);
  const results = ["test-results", join(folder, "test-results")].flatMap((place) => readAll(place, pattern));
  return results.flatMap(({ testResults }) => testResults).filter(({ name }) => name.startsWith(`${resolve(folder)}/`));
}

function readAll(folder, pattern) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => pattern.test(name));
  return names.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
}

function readSuite(folder, kind) {
  const results = readReports(folder, kind);
  const absent = findTestFiles(join(folder, kinds[kind])).filter(
    (file) => !results.some(({ name }) => name === resolve(file)),
  );
  // It did not load, or failed before or after its tests.
  const unfinished = results.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.every((one) => one.status === "passed"),
  );
  const tests = results.flatMap(({ assertionResults }) => assertionResults);
  const unhandled = kind === "integration" ? readAll(join(folder, "test-results"), /^unhandled-\d+\.json$/).flat() : [];
  const passed = tests.filter(({ status }) => status === "passed").length;
  return {
    folder,
    kind,
    absent,
    unfinished,
    unhandled,
    tests,
    passed,
    failed: tests.length - passed + absent.length + unfinished.length + unhandled.length,
  };
}

function printSuite({ folder, kind, absent, unfinished, unhandled, tests, passed, failed }) {
  for (const file of absent) console.log(`did not run: ${file}`);
  for (const { name, message } of unfinished) console.log(`failed around its tests: ${name}\n${message}`);
  for (const error of unhandled) console.log(`not caught: ${folder} ${error}`);
  for (const { fullName, status, failureMessages } of tests)
    if (status !== "passed") console.log(`${status}: ${folder} ${fullName}\n${failureMessages.join("\n")}`);
  if (passed + failed > 0) console.log(`${folder} ${kind}: ${passed} passed, ${failed} failed`);
}

function printSlowest(suites) {
  const tests = suites.flatMap(({ folder, tests }) => tests.map((test) => ({ folder, ...test })));
  const slowest = tests.toSorted((a, b) => (b.duration ?? 0) - (a.duration ?? 0)).slice(0, shownSlowest);
  console.log(`\nThe ${slowest.length} slowest of ${tests.length} tests:`);
  for (const { folder, fullName, duration = 0 } of slowest)
    console.log(`${(duration / 1000).toFixed(1).padStart(7)} s  ${folder}  ${fullName}`);
}

const sum = (suites, count) => suites.reduce((total, suite) => total + suite[count], 0);

const packages = process.argv.includes("--affected") ? findAffectedPackages() : findPackages();
const broken = process.argv
  .filter((word) => word.startsWith("--broken="))
  .map((word) => word.slice("--broken=".length));
const suites = packages.flatMap((folder) => Object.keys(kinds).map((kind) => readSuite(folder, kind)));
printSlowest(suites);
for (const suite of suites) printSuite(suite);
for (const step of broken) console.log(`step failed: ${step}`);
const passed = sum(suites, "passed");
const failed = sum(suites, "failed") || broken.length;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
