import { REVOCATION_TARGETS } from '../../../../core/credentials/revocation.ts';
import { readRevocation, type ReadResult, type RevocableNames } from '../../../revocation-body.ts';
import { parseDuration } from '../../../../util/text/duration.ts';

/** Values of the field `expires` and their labels. */
export const LIFETIMES = [
  ['', 'never'],
  ['1h', 'in 1 hour'],
  ['8h', 'in 8 hours'],
  ['1d', 'in 1 day'],
  ['7d', 'in 7 days'],
  ['30d', 'in 30 days'],
  ['90d', 'in 90 days'],
  ['365d', 'in 365 days'],
] as const;

/** Reads the form of a new revocation with the rules of `POST /revocations`. */
export function readNewRevocation(
  form: ReadonlyMap<string, string>,
  names: RevocableNames,
  now: number,
): ReadResult {
  const field = (name: string): string => form.get(name)?.trim() ?? '';
  const target = REVOCATION_TARGETS.find((each) => each === field('target'));
  if (target === undefined) return { kind: 'invalid', detail: 'Select the kind of credential to revoke.' };
  if (field('value') === '') return { kind: 'invalid', detail: 'Enter the value to revoke.' };
  if (field('reason') === '') return { kind: 'invalid', detail: 'Enter the reason.' };
  const lifetime = field('expires');
  const ms = lifetime === '' ? undefined : parseDuration(lifetime);
  if (lifetime !== '' && ms === undefined)
    return { kind: 'invalid', detail: 'Select an expiry of the list.' };
  const issuer = target === 'jti' ? { issuer: field('issuer') } : {};
  if (target === 'jti' && field('issuer') === '') {
    return { kind: 'invalid', detail: 'A jti needs the name of its issuer.' };
  }
  return readRevocation(
    {
      ...issuer,
      [target]: field('value'),
      reason: field('reason'),
      ...(ms === undefined ? {} : { expires: new Date(now + ms).toISOString() }),
    },
    names,
    now,
  );
}
