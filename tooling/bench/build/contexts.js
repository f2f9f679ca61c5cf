import { randomFillSync, randomInt } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeTree } from "../context/tree.js";

/** 54 files, 200 MB of noise. */
export function largeFiles(root) {
  mkdirSync(root, { recursive: true });
  const bytes = Buffer.alloc(3_700_000);
  for (let index = 0; index < 54; index++) writeFileSync(join(root, `file-${index}`), randomFillSync(bytes));
}

/** 20,000 files, 205 MB. */
export function smallFiles(root) {
  mkdirSync(root, { recursive: true });
  writeTree(root, 20_000, randomInt(2 ** 31));
}
