export { type PackContextOptions, packContext, packedDockerfileName } from "./pack-context.js";
