export { type ServeContextOptions, serveContext, servedDockerfileName, servedNamedContexts } from "./context-sync.js";
export { type PackContextOptions, packContext, packedDockerfileName } from "./pack-context.js";
