import type { BuildImageOptions } from "./build-options.js";

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
    ...(extraHosts.length > 0 && { extrahosts: extraHosts.map((entry) => parseExtraHost(entry).join(":")) }),
    ...(options.shmSizeBytes !== undefined && { shmsize: options.shmSizeBytes }),
  };
}

/**
 * A further host of a build's steps, as `docker build --add-host` takes it: `name:address`, `name=address`, an address of
 * IPv6 in brackets or not, `host-gateway`.
 */
export function parseExtraHost(entry: string): [name: string, address: string] {
  const at = entry.includes("=") ? entry.indexOf("=") : entry.indexOf(":");
  const address = entry.slice(at + 1);
  return [entry.slice(0, at), /^\[.*\]$/.test(address) ? address.slice(1, -1) : address];
}
