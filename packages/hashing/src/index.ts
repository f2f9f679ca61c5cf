export { checkProjectName, composeProjectName, composeProjectPart } from "./compose-project.js";
export type { ContextEntry, Digest, DirectoryEntry, FileEntry, SymlinkEntry } from "./context-entry.js";
export {
  type ContextHashInputs,
  computeContextHash,
  contextHashSchema,
  hashOnBases,
  type NamedContextInput,
} from "./context-hash.js";
export {
  credentialServer,
  familiarImageName,
  type ImageReference,
  isOwnRegistry,
  parseImageReference,
} from "./image-reference.js";
export { imageFullTag, imageLatestTag, imageRepository } from "./image-tag.js";
export { comparePaths, decodePath, encodePath, hasRawBytes, printablePath } from "./path-bytes.js";
export { encodeRawNames } from "./raw-names.js";
