import { access } from "node:fs/promises";
import { readBoundedFile } from "@otto/errors";
import type { PrivateKey, SshEndpoint } from "../route/endpoint.js";
import { readSsh2Algorithms } from "../ssh2/internals.js";
import { isBeyondSsh2, readPublicPart } from "../ssh2/key-file.js";
import { longestKey } from "../ssh2/public-key.js";
import { openHostKeyCheck } from "../transport/host-key-check.js";
import { readAgentKeyTypes } from "./agent-keys.js";
import { isSecurityKey, type KeyMeans, type LoginMeans } from "./need.js";

/**
 * Looks at the keys and agents of an endpoint, and at what is known of its host. A key that cannot be read is nothing special: the
 * login says what is wrong with it.
 * @throws OttoError `SSH_KNOWN_HOSTS_UNREADABLE`
 */
export async function readMeans(endpoint: SshEndpoint): Promise<LoginMeans> {
  const { credentials } = endpoint;
  const agents = new Set(credentials.flatMap(({ agent }) => agent ?? []));
  const [{ authorities, soleAuthority }, keys, types, ssh2Algorithms] = await Promise.all([
    openHostKeyCheck(endpoint, () => {}),
    Promise.all(credentials.flatMap(({ privateKeys = [] }) => privateKeys.map(readKeyMeans))),
    Promise.all([...agents].map(readAgentKeyTypes)),
    endpoint.algorithms && readSsh2Algorithms(),
  ]);
  const [authority] = authorities;
  const hostAuthority = authority && {
    where: `${authority.file}:${authority.line}`,
    isSole: soleAuthority !== undefined,
  };
  return { keys, agentKeyTypes: types.flat(), hostAuthority, ssh2Algorithms };
}

async function readKeyMeans(key: PrivateKey): Promise<KeyMeans> {
  if (!("path" in key)) return { name: "a key", certificate: undefined, form: formOf(key.content.reveal()) };
  const { path } = key;
  const certificate = `${path}-cert.pub`;
  const [content, isCertified] = await Promise.all([
    readBoundedFile(path, longestKey).then(String, () => ""),
    access(certificate).then(
      () => true,
      () => false,
    ),
  ]);
  return { name: path, certificate: isCertified ? certificate : undefined, form: formOf(content) };
}

function formOf(content: string): KeyMeans["form"] {
  if (isSecurityKey(readPublicPart(content) ?? "")) return "security key";
  return isBeyondSsh2(content) ? "unreadable by ssh2" : "plain";
}
