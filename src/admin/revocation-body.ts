import { REVOCATION_TARGETS, type Revocation } from '../contract/revocation.ts';

/** As the configuration has them. */
export interface RevocableNames {
  readonly issuers: readonly string[];
  readonly identities: readonly string[];
  readonly deployTokens: readonly string[];
}

type Wanted = Omit<Revocation, 'id' | 'created'>;

/** Reads `{jti, issuer | tokenHash | deployToken | identity | project | issuer, reason, expires?}`. */
export function readRevocation(
  body: Readonly<Record<string, unknown>>,
  names: RevocableNames,
): Wanted | { readonly problem: string } {
  const unknown = Object.keys(body).find((key) => !KNOWN.has(key));
  if (unknown !== undefined)
    return { problem: `There is no "${unknown}"; known are ${[...KNOWN].join(', ')}.` };
  for (const [key, value] of Object.entries(body)) {
    if (typeof value !== 'string' || value === '' || value.length > 500) {
      return { problem: `"${key}" must be a text of 1 to 500 characters.` };
    }
  }
  const text = (key: string): string | undefined => body[key] as string | undefined;

  // With `jti`, `issuer` says whose; alone it is what is revoked.
  const targets = REVOCATION_TARGETS.filter((target) => target in body).filter(
    (target) => target !== 'issuer' || !('jti' in body),
  );
  const [target] = targets;
  if (target === undefined || targets.length > 1) {
    return {
      problem: `Name exactly one of ${REVOCATION_TARGETS.join(', ')} (jti together with its issuer).`,
    };
  }
  const reason = text('reason');
  if (reason === undefined) return { problem: 'Say why in "reason".' };
  const issuer = text('issuer');
  if (target === 'jti' && issuer === undefined)
    return { problem: '"jti" needs "issuer", as the configuration names it.' };
  if (issuer !== undefined && !names.issuers.includes(issuer)) {
    return {
      problem: `"issuer" must be one of the configuration: ${names.issuers.join(', ') || 'it has none'}.`,
    };
  }
  const value = text(target) ?? '';
  if (target === 'tokenHash' && !/^[0-9a-f]{64}$/.test(value)) {
    return { problem: '"tokenHash" is the SHA-256 of the token as sent, 64 lowercase hex digits.' };
  }
  if (target === 'project' && /^\d+$/.test(value))
    return { problem: `A project by number is written "id:${value}".` };
  // What is misspelled would be taken for done.
  if (target === 'deployToken' && !names.deployTokens.includes(value)) {
    return { problem: '"deployToken" must be the name of one of the configuration.' };
  }
  if (target === 'identity' && !names.identities.includes(value)) {
    return { problem: '"identity" must be the name of one of the configuration.' };
  }
  const expires = text('expires');
  if (expires !== undefined && !(RFC_3339.test(expires) && !Number.isNaN(Date.parse(expires)))) {
    return { problem: '"expires" is a time such as 2027-01-31T12:00:00Z (RFC 3339).' };
  }
  return { target, value, issuer: target === 'jti' ? issuer : undefined, reason, expires };
}

const KNOWN: ReadonlySet<string> = new Set([...REVOCATION_TARGETS, 'reason', 'expires']);

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/i;

/** As it was posted, with `id` and `created`. */
export function showRevocation({ target, value, ...rest }: Revocation): object {
  return { ...rest, [target]: value };
}
