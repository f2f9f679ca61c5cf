/** Loaded late, and apart from what opens a lab. */
export { loadRepos } from "@otto/config";
