import type { BuildImageOptions } from "./build-image.js";

/** The query of `POST /build`, but for what the two builders take differently. */
export function buildParameters(options: BuildImageOptions) {
  const { cacheFrom = [], extraHosts = [] } = options;
  return {
    rm: true,
    forcerm: true,
    t: options.tag,
    dockerfile: options.dockerfile,
    buildargs: { ...options.buildArgs },
    labels: { ...options.labels },
    ...(options.target !== undefined && { target: options.target }),
    ...(options.platform !== undefined && { platform: options.platform }),
    ...(options.pull === true && { pull: true }),
    ...(options.noCache === true && { nocache: true }),
    ...(cacheFrom.length > 0 && { cachefrom: JSON.stringify(cacheFrom) }),
    ...(options.networkMode !== undefined && { networkmode: options.networkMode }),
    // One parameter for each, where the API's reference has them with commas.
    ...(extraHosts.length > 0 && { extrahosts: [...extraHosts] }),
    ...(options.shmSizeBytes !== undefined && { shmsize: options.shmSizeBytes }),
  };
}
