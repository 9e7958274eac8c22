import type { PolicySettings } from '../../src/policy/index.ts';
import type { VerifiedCredential } from '../../src/core/credentials/credential.ts';
import type { Operation } from '../../src/core/request/operation.ts';

type Identity = PolicySettings['identities'][number];

/** The decision of a policy on `npm` operations, implemented again from the documentation with regular expressions and loops. */
export function plainReading(
  rules: PolicySettings,
  who: VerifiedCredential | undefined,
  what: readonly Operation[],
): [string, string | undefined] {
  const open = rules.services.find(({ name }) => name === 'npm')?.anonymous ?? [];
  const covered = (grants: typeof open, of: Readonly<Record<string, unknown>>, wanted: Operation): boolean =>
    grants.some(
      ({ scopes, resources }) =>
        scopes.includes(wanted.scope) &&
        resources.some((source) => {
          const regex = resourceRegex(source, of);
          if (wanted.extent === 'every') return source === '**';
          return regex !== undefined && (wanted.extent === 'any' || regex.test(wanted.resource));
        }),
    );
  const allOpen = what.every((wanted) => covered(open, {}, wanted));
  if (who === undefined) return [allOpen ? 'anonymous' : 'no_credential', undefined];
  const caller = rules.identities.find((entry) => matches(entry, who));
  if (caller === undefined) return [allOpen ? 'anonymous' : 'no_matching_identity', undefined];
  const own = caller.grants.filter((entry) => entry.service === 'npm');
  for (const wanted of what) {
    if (covered(own, who.claims, wanted) || covered(open, {}, wanted)) continue;
    const held = own.some(({ scopes }) => scopes.includes(wanted.scope));
    return [held ? 'resource_not_granted' : 'scope_not_granted', caller.name];
  }
  return ['grant', caller.name];
}

function matches(entry: Identity, who: VerifiedCredential): boolean {
  if (entry.issuer !== who.issuer || !entry.via.includes(who.class)) return false;
  const runsIn = who.claims['job_project_id'];
  if (entry.issuer === 'gitlab' && runsIn !== undefined && !('job_project_id' in entry.match)) {
    if (scalar(runsIn) === undefined || scalar(runsIn) !== scalar(who.claims['project_id'])) return false;
  }
  return Object.entries(entry.match).every(([name, of]) => {
    const found = who.claims[name];
    const single = scalar(found);
    if (typeof of === 'string') return single === of;
    const globs = of.glob === undefined ? undefined : [of.glob].flat();
    return (
      (of.contains === undefined
        ? single !== undefined
        : Array.isArray(found) && found.some((member) => scalar(member) === of.contains)) &&
      (of.equals === undefined || single === of.equals) &&
      (of.in === undefined || of.in.some((listed) => listed === single)) &&
      (of.notIn === undefined || !of.notIn.some((listed) => listed === single)) &&
      (globs === undefined || globs.some((glob) => new RegExp(`^${wild(glob, '/:')}$`).test(single ?? '')))
    );
  });
}

function scalar(found: unknown): string | undefined {
  return ['string', 'number', 'boolean'].includes(typeof found) && found !== '' ? String(found) : undefined;
}

/** None of the templates of this file has a claim that may be a path. */
function resourceRegex(source: string, of: Readonly<Record<string, unknown>>): RegExp | undefined {
  const [before = '', name, after = ''] = source.split(/\{claims\.(.*)\}/);
  if (name === undefined) return new RegExp(`^(?:${withBase(before, '', '')})$`);
  const found = scalar(of[name]);
  return found === undefined || found.includes('/')
    ? undefined
    : new RegExp(`^(?:${withBase(before, found, after)})$`);
}

/** The source of a regular expression: a literal between two globs, with the base of a trailing slash and `**`. */
export function withBase(before: string, literal: string, after: string): string {
  const end = after === '' && literal === '' ? before : after;
  const whole = wild(before) + escape(literal) + wild(after);
  return end.endsWith('/**') ? `${whole}|${whole.slice(0, -wild('/**').length)}` : whole;
}

function wild(source: string, stops = '/'): string {
  return source
    .split(/(\*+)/)
    .map((part) => (part === '*' ? `[^${stops}]*` : part === '**' ? '[^]*' : escape(part)))
    .join('');
}

function escape(literal: string): string {
  return literal.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
