import { readFile } from 'node:fs/promises';
import type { Clock, Log } from '../core/ports.ts';
import { vaultFault, type VaultFault, type VaultLogin, type VaultRoleLogin } from '../core/vault.ts';
import { unreadable } from '../util/resources/unreadable.ts';
import { SingleFlight } from '../util/async/single-flight.ts';
import { createFaultPauses, PAUSE_AFTER_FAULT, PAUSE_AFTER_REJECTION } from '../util/limits/fault-pauses.ts';
import { encodedPath, type CallVault } from './call.ts';
import { readLogin, readLookup, type GrantedVaultToken } from './responses.ts';

/** The gateway's token at the vault. */
export interface VaultToken {
  readonly kind: 'vault-token';
  readonly token: string;
  /** Seconds that the login granted. */
  readonly granted: number;
  readonly renewable: boolean;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly renewAt: number;
  readonly expiresAt: number;
}

export interface VaultSession {
  /** Logs in, renews the token or returns the current one. Concurrent calls share one login. */
  current(): Promise<VaultToken | VaultFault>;
  /** The vault rejected a request with this token. Returns whether another token may be accepted. */
  rejected(token: VaultToken): boolean;
}

interface SessionPorts {
  readonly call: CallVault;
  readonly clock: Clock;
  readonly log: Log;
}

/** Milliseconds. A younger token that is rejected has no right to the path; another one has none, either. */
const NEW_TOKEN = 5_000;
/** Milliseconds before its expiry at which a token is no longer used; at most a tenth of its lifetime. */
const MARGIN = 1_000;

/** The one key of the pauses of a session. */
const LOGIN = 'login';

/** In place of the secret of a file that cannot be used. */
const UNREAD = '';

export function createSession(
  login: VaultLogin,
  { call, clock, log }: SessionPorts,
  user: string,
): VaultSession {
  const flights = new SingleFlight<VaultToken | VaultFault>(1);
  const method = loginMethod(login, call);
  let known: { readonly secret: string; readonly token: VaultToken } | undefined;
  const pauses = createFaultPauses<VaultFault>(clock);

  function toToken(granted: GrantedVaultToken, secret: string, renewed?: VaultToken): VaultToken {
    const now = clock.now();
    const lifetime = granted.seconds === 0 ? Infinity : granted.seconds * 1000;
    return {
      kind: 'vault-token',
      token: granted.token ?? secret,
      granted: renewed?.granted ?? granted.seconds,
      renewable: granted.renewable,
      issuedAt: renewed?.issuedAt ?? now,
      renewAt: now + lifetime * 0.8,
      expiresAt: now + Math.max(lifetime - MARGIN, lifetime * 0.9),
    };
  }

  function noteFailure(secret: string, cause: VaultFault): VaultFault {
    const fault: VaultFault = { ...cause, login: true };
    const pause = fault.cause === 'unauthorized' ? PAUSE_AFTER_REJECTION : PAUSE_AFTER_FAULT;
    pauses.note(LOGIN, secret, { fault, pause });
    log.error('no login at the vault', { user, detail: fault.detail });
    return fault;
  }

  async function logIn(secret: string): Promise<VaultToken | VaultFault> {
    const paused = pauses.active(LOGIN, secret);
    if (paused !== undefined) return paused;
    const granted = await method.logIn(secret);
    if (granted.kind === 'vault-fault') return noteFailure(secret, granted);
    const token = toToken(granted, secret);
    known = { secret, token };
    return token;
  }

  /** Undefined when the vault did not renew the token, or for less than half of the first lifetime. */
  async function renew(token: VaultToken, secret: string): Promise<VaultToken | undefined> {
    const response = await call({ method: 'POST', path: 'auth/token/renew-self', token: token.token });
    if (response.kind === 'vault-fault') return token;
    const granted = readLogin(response, 'the renewal of the token');
    if (granted.kind === 'vault-fault') return undefined;
    const renewed = toToken(granted, secret, token);
    known = { secret, token: renewed };
    // The renewal is capped at the maximum lifetime of the token.
    return method.kind === 'login' && granted.seconds < token.granted / 2 ? undefined : renewed;
  }

  async function next(): Promise<VaultToken | VaultFault> {
    const read = await readSecretFile(method.file);
    if (read.kind === 'vault-fault') {
      if (known !== undefined && isValid(known.token)) return known.token;
      return pauses.active(LOGIN, UNREAD) ?? noteFailure(UNREAD, read);
    }
    const { secret } = read;
    const token = method.kind === 'login' || known?.secret === secret ? known?.token : undefined;
    const now = clock.now();
    if (token === undefined || !isValid(token)) return logIn(secret);
    if (now < token.renewAt) return token;
    const renewed = token.renewable ? await renew(token, secret) : undefined;
    if (renewed !== undefined) return renewed;
    const another = await logIn(secret);
    return another.kind === 'vault-fault' && known !== undefined && isValid(known.token)
      ? known.token
      : another;
  }

  /** A clock that was set back must not extend the use of a token. */
  function isValid({ issuedAt, expiresAt }: VaultToken): boolean {
    const now = clock.now();
    return now < expiresAt && now >= issuedAt;
  }

  return {
    current() {
      // A vault token in a file may have been replaced; a JWT is needed for the next login only.
      const current = method.kind === 'login' ? known?.token : undefined;
      if (current !== undefined && isValid(current) && clock.now() < current.renewAt)
        return Promise.resolve(current);
      return flights.run('', next);
    },
    rejected({ token, issuedAt }) {
      if (known?.token.token !== token) return true;
      if (Math.abs(clock.now() - issuedAt) < NEW_TOKEN) return false;
      known = undefined;
      return true;
    },
  };
}

interface LoginMethod {
  /** `login`: the file contains a JWT for a login. `token`: it contains the token. */
  readonly kind: 'login' | 'token';
  readonly file: string;
  logIn(secret: string): Promise<GrantedVaultToken | VaultFault>;
}

function loginMethod({ jwt, kubernetes, tokenFile = '' }: VaultLogin, call: CallVault): LoginMethod {
  const role = jwt ?? kubernetes;
  if (role !== undefined) return roleLogin(role, call);
  return {
    kind: 'token',
    file: tokenFile,
    async logIn(token) {
      const response = await call({ method: 'GET', path: 'auth/token/lookup-self', token });
      return response.kind === 'vault-fault' ? response : readLookup(response);
    },
  };
}

function roleLogin({ role, mount, tokenFile }: VaultRoleLogin, call: CallVault): LoginMethod {
  const path = `auth/${encodedPath(mount)}/login`;
  return {
    kind: 'login',
    file: tokenFile,
    async logIn(jwt) {
      const response = await call({ method: 'POST', path, body: { role, jwt } });
      return response.kind === 'vault-fault'
        ? response
        : readLogin(response, `the login with role "${role}" at ${mount}`);
    },
  };
}

/** Read at each use: Kubernetes replaces projected tokens, and a Vault Agent the token in its sink. */
async function readSecretFile(
  file: string,
): Promise<{ readonly kind: 'read'; readonly secret: string } | VaultFault> {
  try {
    const secret = (await readFile(file, 'utf8')).trim();
    return /^[\x21-\x7e]+$/.test(secret)
      ? { kind: 'read', secret }
      : vaultFault('unauthorized', `${file} must contain one token`);
  } catch (cause) {
    return vaultFault('unauthorized', `${file} ${unreadable(cause)}`);
  }
}
