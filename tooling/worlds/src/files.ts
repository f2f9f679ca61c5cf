import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { KnownFault, Results } from "./results.js";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const repoRoot = at("../../..");
export const resultsPath = at("../results.json");
export const tablePath = at("../../../CONTRIBUTING.md");

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

export const readResults = () => readJson(resultsPath) as Results;
export const readFaults = () => readJson(at("../known-faults.json")) as readonly KnownFault[];
export const readTableFile = () => readFileSync(tablePath, "utf8");
