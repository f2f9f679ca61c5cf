/** What to do about a registry that refuses an engine, or that the engine cannot use, where the login here goes along. */
export function registryHint(words: string, registry = addressIn(words)): string | undefined {
  const connection = registryConnectionHint(words, registry);
  if (connection !== undefined || registry === undefined) return connection;
  const isRefusal = /unauthorized|denied|authentication required|no basic auth credentials|\b40[13]\b/i.test(words);
  return isRefusal ? `Log in to the registry here: docker login ${registry}` : undefined;
}

/**
 * What to do about a registry that an engine cannot use, by the engine's words: those of Docker 26.1 and BuildKit 0.13,
 * and of Go's net/http and crypto/x509, which Podman has too. Undefined where they say nothing of a registry.
 *
 * @param registry as image references name it; default: the one whose address the words hold
 */
export function registryConnectionHint(words: string, registry = addressIn(words)): string | undefined {
  if (registry === undefined) return undefined;
  if (/server gave HTTP response to HTTPS client/.test(words)) {
    return (
      `The registry ${registry} speaks plain HTTP: put "insecure-registries": ["${registry}"] into ` +
      "/etc/docker/daemon.json on the parent and reload dockerd (Podman: insecure = true in registries.conf)."
    );
  }
  if (/certificate signed by unknown authority/.test(words)) {
    return `Put the certificate of the authority that signed the one of ${registry} at /etc/docker/certs.d/${registry}/ca.crt on the parent.`;
  }
  if (/x509: |failed to verify certificate/.test(words)) {
    return `Give the registry ${registry} a certificate that names it and has not expired, and check the clock of the parent.`;
  }
  if (/dial tcp|no such host|i\/o timeout|connection re(?:fused|set)|TLS handshake timeout|\bEOF\b/.test(words)) {
    return `Check that the registry ${registry} runs and that the parent reaches it: curl https://${registry}/v2/`;
  }
  return undefined;
}

function addressIn(words: string): string | undefined {
  // A hint may be typed into a shell: what a server says goes in only as an address.
  return /https?:\/\/([\w.:[\]-]+)\/v2\//.exec(words)?.[1];
}
