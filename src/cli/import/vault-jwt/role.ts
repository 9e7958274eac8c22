import { childOf, type SourceNode } from '../../../config/index.ts';
import type { Differences } from '../imported.ts';
import { isEmpty, type SourceReader } from '../source-reader.ts';

export interface BoundClaim {
  readonly claim: string;
  /** The claim has one of them. */
  readonly values: readonly string[];
  /** The values are patterns. */
  readonly glob: boolean;
}

/** A part of a role with its line. */
interface Placed {
  readonly line: number;
  readonly text: string;
}

/** A role of Vault's JWT auth method. */
export interface VaultRole {
  readonly kind: 'role';
  readonly line: number;
  readonly bound: readonly BoundClaim[];
  readonly audiences: readonly string[];
  readonly policies: readonly Placed[];
  /** Of issued tokens, in seconds. Undefined: the default of Vault. */
  readonly lifetime: number | undefined;
  /** Settings to carry over by hand. */
  readonly advice: readonly Placed[];
}

/** A role for users, who log in with a browser. */
export interface BrowserRole {
  readonly kind: 'browser';
}

/** Settings that a configuration of the gateway cannot express. */
const WITHOUT_EQUIVALENT: ReadonlyMap<string, string> = new Map([
  ['groups_claim', 'the gateway has no groups of identities; match the claim'],
  ['token_bound_cidrs', 'no identity has a condition on the network of its clients'],
  ['bound_cidrs', 'no identity has a condition on the network of its clients'],
  ['token_num_uses', 'the uses of a token are not limited'],
  ['token_period', 'a token is not renewed; a client exchanges its credential again'],
  ['expiration_leeway', 'the clock skew is 30 s'],
  ['not_before_leeway', 'the clock skew is 30 s'],
  ['clock_skew_leeway', 'the clock skew is 30 s'],
]);

/** Settings that are read, that repeat another one, or that have no effect in roles of type jwt. */
const WITHOUT_DIFFERENCE: ReadonlySet<string> = new Set(
  `role_type bound_audiences bound_subject bound_claims bound_claims_type user_claim user_claim_json_pointer
  token_policies policies token_ttl token_max_ttl token_explicit_max_ttl ttl max_ttl num_uses period
  claim_mappings token_type token_no_default_policy allowed_redirect_uris oidc_scopes max_age
  verbose_oidc_logging oauth2_metadata`.split(/\s+/),
);

export function readRole(
  reader: SourceReader,
  data: SourceNode,
  differences: Differences,
): VaultRole | BrowserRole {
  const entries = reader.entries(data, ['data']);
  const text = (key: string): string | undefined => reader.text(childOf(data, key), ['data', key]);
  const type = text('role_type');
  if (type === 'oidc') {
    differences.add(
      entries.get('role_type')?.mark.line ?? data.mark.line,
      'omitted: roles of type oidc are for users',
    );
    return { kind: 'browser' };
  }
  for (const [key, { mark, value }] of entries) {
    if (WITHOUT_DIFFERENCE.has(key) || isEmpty(value)) continue;
    const reason = WITHOUT_EQUIVALENT.get(key) ?? 'the gateway has no such setting';
    differences.add(mark.line, `${key}: ${reason}`);
  }
  const boundType = text('bound_claims_type') ?? 'string';
  if (boundType !== 'string' && boundType !== 'glob')
    reader.refuse(data.mark, ['data', 'bound_claims_type'], 'must be string or glob');
  return {
    kind: 'role',
    line: data.mark.line,
    bound: readBound(reader, data, boundType === 'glob'),
    audiences: readAudiences(reader, data, differences),
    policies: readPolicies(reader, data),
    lifetime: readLifetime(reader, data, differences),
    advice: readAdvice(reader, data),
  };
}

function readBound(reader: SourceReader, data: SourceNode, glob: boolean): readonly BoundClaim[] {
  const path = ['data', 'bound_claims'];
  const claims = [...reader.entries(childOf(data, 'bound_claims'), path)].map(([claim, { value }]) => ({
    claim,
    values:
      value.kind === 'list'
        ? reader.texts(value, [...path, claim])
        : [reader.text(value, [...path, claim]) ?? ''],
    glob,
  }));
  const subject = reader.text(childOf(data, 'bound_subject'), ['data', 'bound_subject']) ?? '';
  return subject === '' ? claims : [{ claim: 'sub', values: [subject], glob: false }, ...claims];
}

function readAudiences(reader: SourceReader, data: SourceNode, differences: Differences): readonly string[] {
  const audiences = reader.texts(childOf(data, 'bound_audiences'), ['data', 'bound_audiences']);
  if (audiences.length === 0) {
    const message = 'bound_audiences is empty: the gateway accepts no token without aud';
    differences.add(lineOf(data, 'bound_audiences'), message);
  }
  return audiences;
}

function readPolicies(reader: SourceReader, data: SourceNode): readonly Placed[] {
  const key = childOf(data, 'token_policies') === undefined ? 'policies' : 'token_policies';
  return reader.items(childOf(data, key), ['data', key]).flatMap((item, index) => {
    const name = reader.text(item, ['data', key, index]);
    // Every token of Vault has the policy "default", which covers the token alone.
    return name === undefined || name === 'default' ? [] : [{ line: item.mark.line, text: name }];
  });
}

const LIFETIMES = ['token_ttl', 'token_max_ttl', 'token_explicit_max_ttl'];

/** The shortest lifetime; the gateway issues tokens for 1 m to 24 h. */
function readLifetime(reader: SourceReader, data: SourceNode, differences: Differences): number | undefined {
  const seconds = LIFETIMES.flatMap((key) => {
    const value = reader.text(childOf(data, key), ['data', key]) ?? '0';
    if (!/^\d+$/.test(value)) reader.refuse(data.mark, ['data', key], 'must be a number of seconds');
    return Number(value) > 0 ? [{ key, value: Number(value) }] : [];
  });
  const shortest = seconds.sort((a, b) => a.value - b.value)[0];
  if (shortest === undefined) return undefined;
  const limited = Math.min(Math.max(shortest.value, 60), 86_400);
  if (limited !== shortest.value)
    differences.add(
      lineOf(data, shortest.key),
      `${shortest.key} ${shortest.value}: tokenLifetime is 1m to 24h`,
    );
  return limited;
}

function readAdvice(reader: SourceReader, data: SourceNode): readonly Placed[] {
  const user = reader.text(childOf(data, 'user_claim'), ['data', 'user_claim']) ?? 'sub';
  const mappings = [...reader.entries(childOf(data, 'claim_mappings'), ['data', 'claim_mappings'])];
  return [
    ...(user === 'sub'
      ? []
      : [
          {
            line: lineOf(data, 'user_claim'),
            text: `user_claim: identityHeaders can contain {claims.${user}}`,
          },
        ]),
    ...mappings.map(([claim, { mark, value }]) => ({
      line: mark.line,
      text: `claim_mappings: identityHeaders can contain {claims.${claim}} as ${reader.text(value, ['data', 'claim_mappings', claim]) ?? ''}`,
    })),
  ];
}

function lineOf(data: SourceNode, key: string): number {
  return (data.kind === 'mapping' ? data.entries.get(key) : undefined)?.mark.line ?? data.mark.line;
}
