/** A host key that was seen for the first time and recorded. */
export interface LearnedHostKey {
  /** The endpoint's name. */
  readonly hop: string;
  readonly fingerprint: string;
  /** The file it was recorded in. */
  readonly file: string;
}

/** Which host keys are trusted: one fingerprint, or known_hosts files and, when nobody knows the host, the first key seen. */
export type HostKeyPolicy =
  | {
      /** `SHA256:…` */
      readonly pin: string;
    }
  | {
      /** OpenSSH known_hosts files; a missing one counts as empty. */
      readonly knownHosts: readonly string[];
      /** Records the key of a host that no file knows in `file`, which is read too. Without it, an unknown host is refused. */
      readonly learn?: { readonly file: string; readonly onLearned?: (key: LearnedHostKey) => void } | undefined;
    };
