import { claimAt } from '../../core/credentials/claims.ts';
import { containsCredential } from '../../core/credentials/credential-pattern.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import type { NearestIdentity } from '../../core/decision.ts';
import { jsonText } from '../../util/json/text.ts';
import { loggedText } from '../logged-text.ts';
import { LIMITS } from './limits.ts';

/** Which claims audit events contain. */
export interface AuditedClaims {
  /** The claims that the active policy evaluates. Another object after a reload. */
  readonly names: ReadonlySet<string>;
}

/** `,"claims":{…}`, also if it is empty: the evaluated claims of a credential with their JSON values, at most 2 KiB. */
export function claimsText(claims: Claims, names: ReadonlySet<string>): string {
  const parts: string[] = [];
  let left = LIMITS.claimBytes - 2;
  let omitted = 0;
  for (const name of names) {
    const value = claimAt(claims, name);
    if (value === undefined || value === null) continue;
    const text = valueText(value);
    const part = text === undefined ? undefined : `${jsonText(name)}:${text}`;
    const bytes = part === undefined ? 0 : Buffer.byteLength(part) + 1;
    if (part === undefined || bytes > left) {
      omitted += 1;
      continue;
    }
    left -= bytes;
    parts.push(part);
  }
  return `,"claims":{${parts.join(',')}}` + (omitted === 0 ? '' : `,"claims_omitted":${omitted}`);
}

/** `,"nearest":{…}`. `withActual`: includes the value of the claim. */
export function nearestText(nearest: NearestIdentity, withActual: boolean): string {
  const { identity, claim, operator, expected, actual, why } = nearest;
  const listed = expected?.slice(0, LIMITS.values).map((value) => loggedText(LIMITS.value, value));
  const found = withActual && actual !== undefined && actual !== null ? valueText(actual) : undefined;
  return [
    `,"nearest":{"identity":${jsonText(identity)},"claim":${loggedText(LIMITS.value, claim)}`,
    operator === undefined ? '' : `,"operator":"${operator}"`,
    listed === undefined ? '' : `,"expected":[${listed.join(',')}]`,
    found === undefined || found.length > LIMITS.claim ? '' : `,"actual":${found}`,
    why === undefined ? '' : `,"rule":${loggedText(LIMITS.detail, why)}`,
    '}',
  ].join('');
}

/** Scalars and lists of scalars, which are what conditions compare; undefined for other values and credentials. */
function valueText(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const items = value.map((item) => scalarText(item));
    return items.includes(undefined) ? undefined : `[${items.join(',')}]`;
  }
  return scalarText(value);
}

function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return containsCredential(value) ? undefined : jsonText(value);
  return typeof value === 'number' || typeof value === 'boolean' ? JSON.stringify(value) : undefined;
}
