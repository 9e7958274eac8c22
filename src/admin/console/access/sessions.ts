import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '../../../core/ports.ts';
import type { Secret } from '../../../core/secret.ts';
import { BoundedMap } from '../../../util/limits/bounded-map.ts';
import { isDigestOf, tokenDigest } from '../../admin-token.ts';

const LIFETIME_MS = 8 * 3_600_000;
export const SESSION_SECONDS = LIFETIME_MS / 1000;

/** Beyond it, the oldest session ends. */
const MAX_SESSIONS = 100;

interface Session {
  readonly csrf: string;
  /** SHA-256 of the admin token of the login. */
  readonly token: Buffer;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** Sessions of this process. Each belongs to the admin token of its login, so a rotated token ends it. */
export interface Sessions {
  /** Returns the secret id of the new session. */
  open(token: string): string;
  find(id: string, current: Secret | undefined): Pick<Session, 'csrf'> | undefined;
  close(id: string): void;
}

export function createSessions(clock: Clock): Sessions {
  // By digest, so that the time of a lookup does not reveal how much of an id is correct.
  const sessions = new BoundedMap<string, Session>(MAX_SESSIONS);

  return {
    open(token) {
      const id = randomSecret();
      const expires = clock.now() + LIFETIME_MS;
      sessions.set(hash('sha256', id), { csrf: randomSecret(), token: tokenDigest(token), expires });
      return id;
    },
    find(id, current) {
      const key = hash('sha256', id);
      const session = sessions.get(key);
      if (session === undefined) return undefined;
      if (clock.now() < session.expires && isDigestOf(session.token, current)) return session;
      sessions.delete(key);
      return undefined;
    },
    close: (id) => sessions.delete(hash('sha256', id)),
  };
}

export function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}
