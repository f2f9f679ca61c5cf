// The one registry whose credentials stand under another name than its host.
const hub = "https://index.docker.io/v1/";
const hubHosts: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/** The name under which credentials of a registry are kept. */
export function credentialServer(host: string): string {
  return hubHosts.has(host) ? hub : host;
}

/** The host of a server as it stands in a configuration: `https://a.example/v1/` is `a.example`. */
export function hostOfServer(server: string): string {
  return server.replace(/^https?:\/\//, "").split("/")[0] ?? "";
}
