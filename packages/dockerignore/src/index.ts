export { matchesGlob } from "./glob-syntax.js";
export { parseIgnoreFile } from "./ignore-file.js";
export type { DirectoryMatch, IgnoreMatcher } from "./ignore-matcher.js";
export { createIgnoreMatcher, isIgnoredOnWalk, isIgnoredPath } from "./ignore-rules.js";
