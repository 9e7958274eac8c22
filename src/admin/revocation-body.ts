import { deployTokenIdentity, isDay } from '../core/credentials/deploy-token.ts';
import {
  REVOCATION_TARGETS,
  type NewRevocation,
  type Revocation,
  type RevocationTarget,
} from '../core/credentials/revocation.ts';
import { BUILT_IN_ISSUERS, problemOfValue } from './revocation-values.ts';

/** Names in the configuration. */
export interface RevocableNames {
  readonly issuers: readonly string[];
  readonly identities: readonly string[];
  readonly deployTokens: readonly string[];
  /** Workload identities, each with the identity of its tokens. */
  readonly workloads: ReadonlyMap<string, string>;
}

export type ReadResult =
  | { readonly kind: 'revocation'; readonly revocation: NewRevocation; readonly warning: string | undefined }
  | { readonly kind: 'invalid'; readonly detail: string };

/**
 * Reads `{jti, issuer | tokenHash | deployToken | identity | project | issuer, reason, expires?}`. `now` in
 * milliseconds.
 */
export function readRevocation(
  body: Readonly<Record<string, unknown>>,
  names: RevocableNames,
  now: number,
): ReadResult {
  const unknown = Object.keys(body).find((key) => !KNOWN.has(key));
  if (unknown !== undefined) return invalid(`There is no "${unknown}"; known are ${[...KNOWN].join(', ')}.`);
  for (const [key, value] of Object.entries(body)) {
    if (typeof value !== 'string' || value === '' || value.length > 500) {
      return invalid(`"${key}" must be a text of 1 to 500 characters.`);
    }
  }
  const text = (key: string): string | undefined => body[key] as string | undefined;

  // With `jti`, `issuer` is the issuer of the token; alone, it is the target of the revocation.
  const targets = REVOCATION_TARGETS.filter((target) => target in body).filter(
    (target) => target !== 'issuer' || !('jti' in body),
  );
  const [target] = targets;
  if (target === undefined || targets.length > 1) {
    return invalid(`Name exactly one of ${REVOCATION_TARGETS.join(', ')} (jti together with its issuer).`);
  }
  const reason = text('reason') ?? '';
  if (reason.trim() === '') return invalid('Say why in "reason".');
  const issuer = text('issuer');
  if (target === 'jti' && issuer === undefined)
    return invalid('"jti" needs "issuer", as the configuration names it.');
  const value = text(target) ?? '';
  const expires = text('expires');
  const found =
    problemOfValue(target, value) ??
    (issuer === undefined ? undefined : problemOfValue('issuer', issuer)) ??
    problemOfWorkload(target, value, names) ??
    (expires === undefined ? undefined : problemOfExpiry(expires, now));
  if (found !== undefined) return invalid(found);
  const revocation = { target, value, issuer: target === 'jti' ? issuer : undefined, reason, expires };
  return { kind: 'revocation', revocation, warning: warningOf(revocation, names) };
}

const KNOWN: ReadonlySet<string> = new Set([...REVOCATION_TARGETS, 'reason', 'expires']);

function invalid(detail: string): ReadResult {
  return { kind: 'invalid', detail };
}

function problemOfWorkload(
  target: string,
  value: string,
  { identities, workloads }: RevocableNames,
): string | undefined {
  const identity = target === 'identity' && !identities.includes(value) ? workloads.get(value) : undefined;
  return identity === undefined
    ? undefined
    : `"${value}" is a workload identity. Revoke the identity that its tokens have: "${identity}".`;
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/i;

function problemOfExpiry(expires: string, now: number): string | undefined {
  const end = Date.parse(expires);
  if (!RFC_3339.test(expires) || !isDay(expires.slice(0, 10)) || Number.isNaN(end)) {
    return '"expires" is a time such as 2027-01-31T12:00:00Z (RFC 3339).';
  }
  return end > now
    ? undefined
    : `"expires" has passed (it is ${new Date(now).toISOString()}), so nothing would be revoked. Send a later time, or leave it out.`;
}

/** Warns about an unknown name, which may be misspelled or exist only on a replica with another configuration. */
function warningOf({ target, value, issuer }: NewRevocation, names: RevocableNames): string | undefined {
  const [kind, name] = target === 'jti' ? (['issuer', issuer ?? ''] as const) : ([target, value] as const);
  const known = knownNames(kind, names);
  return known === undefined || known.includes(name)
    ? undefined
    : `${kind} "${name}" is not in the configuration of this replica. Check its spelling.`;
}

function knownNames(target: RevocationTarget, names: RevocableNames): readonly string[] | undefined {
  const { issuers, identities, deployTokens } = names;
  switch (target) {
    case 'issuer':
      return [...issuers, ...BUILT_IN_ISSUERS];
    case 'identity':
      return [...identities, ...deployTokens.map(deployTokenIdentity)];
    case 'deployToken':
      return deployTokens;
    case 'jti':
    case 'tokenHash':
    case 'project':
      return undefined;
    default:
      return target satisfies never;
  }
}

/** The posted revocation with `id` and `created`. */
export function showRevocation({ target, value, ...rest }: Revocation): object {
  return { ...rest, [target]: value };
}
