/**
 * How the values of an option are taken. `one`: its first word. `time`: that of the first line that does not leave it open by
 * `none`. `all`: the words of every line. `list`: those of the first line. `text`: the first line as it is.
 */
export type KeywordKind = "one" | "time" | "all" | "list" | "text" | "ignored";

const kinds: Readonly<Record<KeywordKind, string>> = {
  one: `HostName Port User IdentitiesOnly IdentityAgent HostKeyAlias StrictHostKeyChecking KexAlgorithms Ciphers MACs
    HostKeyAlgorithms PubkeyAcceptedAlgorithms PubkeyAcceptedKeyTypes ServerAliveCountMax Compression GSSAPIAuthentication
    PKCS11Provider IgnoreUnknown`,
  time: "ConnectTimeout ServerAliveInterval",
  all: "IdentityFile CertificateFile",
  list: "UserKnownHostsFile GlobalKnownHostsFile RevokedHostKeys",
  text: "ProxyCommand ProxyJump",
  // What is of no account for a connection that runs commands, or only keeps a way in from being tried.
  ignored: `AddKeysToAgent BatchMode CheckHostIP ClearAllForwardings ConnectionAttempts ControlMaster ControlPath ControlPersist
    DynamicForward EnableEscapeCommandline EscapeChar ExitOnForwardFailure FingerprintHash ForkAfterAuthentication ForwardAgent ForwardX11
    ForwardX11Timeout ForwardX11Trusted GatewayPorts GSSAPIDelegateCredentials GSSAPIKeyExchange GSSAPIRenewalForcesRekey
    GSSAPITrustDns GSSAPIKexAlgorithms HashKnownHosts IPQoS KbdInteractiveAuthentication ChallengeResponseAuthentication
    KbdInteractiveDevices LocalCommand LocalForward LogLevel LogVerbose NumberOfPasswordPrompts ObscureKeystrokeTiming
    PasswordAuthentication PermitLocalCommand PermitRemoteOpen PreferredAuthentications PubkeyAuthentication RekeyLimit
    RemoteCommand RemoteForward RequestTTY RequiredRSASize SendEnv SessionType SetEnv StdinNull StreamLocalBindMask
    StreamLocalBindUnlink SyslogFacility TCPKeepAlive Tunnel TunnelDevice UpdateHostKeys UseKeychain VisualHostKey
    XAuthLocation WarnWeakCrypto Tag ChannelTimeout CanonicalDomains CanonicalizeFallbackLocal CanonicalizeMaxDots
    CanonicalizePermittedCNAMEs`,
};

const kindOf = new Map(
  Object.entries(kinds).flatMap(([kind, names]) =>
    names.split(/\s+/).map((name) => [name.toLowerCase(), kind as KeywordKind] as const),
  ),
);

/** Undefined for one that is not understood here. @param keyword in lower case */
export function keywordKind(keyword: string): KeywordKind | undefined {
  return kindOf.get(keyword);
}

/** Old names of options. */
export const renamed: Readonly<Record<string, string>> = { pubkeyacceptedkeytypes: "pubkeyacceptedalgorithms" };
