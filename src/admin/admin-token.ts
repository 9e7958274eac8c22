import { hash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../core/secret.ts';

export function isAdminToken(presented: string, token: Secret | undefined): boolean {
  return presented !== '' && isDigestOf(tokenDigest(presented), token);
}

/** Digests have equal lengths, so that the comparison does not reveal the length of the token. */
export function isDigestOf(digest: Buffer, token: Secret | undefined): boolean {
  return token !== undefined && timingSafeEqual(digest, tokenDigest(token.reveal()));
}

export function tokenDigest(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** The token of an `Authorization: Bearer` field. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
}
