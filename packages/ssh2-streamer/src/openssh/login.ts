import type { PrivateKey, SshCredential } from "../route/endpoint.js";

/** Credentials that one `ssh` tries: it has one login name, one agent and one password. */
export interface OpensshLogin {
  readonly username: string;
  readonly agent: string | undefined;
  /** Whether of the agent's keys only those of `privateKeys` are offered. */
  readonly identitiesOnly: boolean;
  readonly privateKeys: readonly PrivateKey[];
  readonly certificates: readonly string[];
  readonly password: SshCredential["password"];
}

/** Puts together those that follow each other and that one `ssh` can try. */
export function groupCredentials(credentials: readonly SshCredential[]): OpensshLogin[] {
  const logins: OpensshLogin[] = [];
  for (const credential of credentials) {
    const last = logins.at(-1);
    const { username, agent, identitiesOnly = false, privateKeys = [], certificates = [], password } = credential;
    const login = { username, agent, identitiesOnly, privateKeys, certificates, password };
    if (last === undefined || !isOneLogin(last, login)) logins.push(login);
    else logins[logins.length - 1] = merge(last, login);
  }
  return logins;
}

function isOneLogin(first: OpensshLogin, second: OpensshLogin): boolean {
  const isOne = (mine: unknown, other: unknown) => mine === undefined || other === undefined || mine === other;
  return (
    first.username === second.username &&
    first.identitiesOnly === second.identitiesOnly &&
    isOne(first.agent, second.agent) &&
    isOne(first.password, second.password)
  );
}

function merge(first: OpensshLogin, second: OpensshLogin): OpensshLogin {
  return {
    username: first.username,
    agent: first.agent ?? second.agent,
    identitiesOnly: first.identitiesOnly,
    privateKeys: [...first.privateKeys, ...second.privateKeys],
    certificates: [...first.certificates, ...second.certificates],
    password: first.password ?? second.password,
  };
}
