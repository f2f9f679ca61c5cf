/** Loaded late, and only where a repository has a stack: it reads Compose files. */
export { declareStacks } from "@otto/docker";
