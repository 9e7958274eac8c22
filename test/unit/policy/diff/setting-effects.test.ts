import { describe, expect, test } from 'vitest';
import { PLAIN_SCHEMA } from '../../../../src/config/reference/json-schema.ts';
import type { ComparedSettings } from '../../../../src/policy/tools/diff/access-difference.ts';
import { compareAccess } from '../../../../src/policy/tools/diff/compare-access.ts';
import { accessDifferences, effectOf } from '../../../../src/policy/tools/diff/setting-effects.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

/** The paths of all keys of the schema; `*` is a name. */
function pathsOf(schema: Schema, path: string): readonly string[] {
  const { properties = {}, additionalProperties, oneOf = [], anyOf = [] } = schema;
  const below = [
    ...Object.entries(properties).map(([key, each]) => [path === '' ? key : `${path}.${key}`, each] as const),
    ...(typeof additionalProperties === 'object' ? [[`${path}.*`, additionalProperties] as const] : []),
  ];
  return [...below, ...[...oneOf, ...anyOf].map((each) => [path, each] as const)].flatMap(([at, each]) => [
    at,
    ...pathsOf(each, at),
  ]);
}

const paths = new Set(pathsOf(PLAIN_SCHEMA, ''));

/** A path whose keys are classified one by one. */
const isSection = (path: string): boolean =>
  effectOf(path) === undefined &&
  [...paths].some((each) => each.startsWith(`${path}.`) && effectOf(each) !== undefined);

describe('setting effects', () => {
  test('every key of the schema is classified: add a new one to setting-effects.ts', () => {
    expect(paths.size).toBeGreaterThan(200);
    expect([...paths].filter((path) => effectOf(path) === undefined && !isSection(path))).toEqual([]);
  });

  test('a key without a classification is access', () => {
    expect(accessDifferences('services.*', { novel: 1 }, { novel: 2 })).toEqual(['services.*.novel']);
    expect(accessDifferences('server', { novel: 1 }, {})).toEqual(['server.novel']);
  });
});

const before: ComparedSettings = {
  server: {
    listen: '127.0.0.1:8080',
    publicUrl: 'https://gw.test',
    trustedProxies: [],
    admin: { listen: '127.0.0.1:9090' },
    limits: { drain: 1, authFailures: { perName: 10 } },
  },
  state: { sqlite: { file: 'a.db' } },
  signing: { keys: [{ file: 'a.pem' }] },
  issuers: [{ name: 'lab', type: 'oidc', issuer: 'https://lab.test', audiences: ['gw'], jobTokens: {} }],
  identities: [{ name: 'job', issuer: 'lab', via: ['id_token'], match: { sub: 'a' }, roles: [], grants: [] }],
  roles: {},
  services: [{ name: 'npm', type: 'npm', anonymous: [], mode: 'enforce' }],
  deployTokens: [],
  jobTokenAllowlist: {},
  workloadIdentities: [],
};

const service = (changes: object): Partial<ComparedSettings> => ({
  services: before.services.map((each) => ({ ...each, ...changes })),
});
const issuer = (changes: object): Partial<ComparedSettings> => ({
  issuers: before.issuers.map((each) => ({ ...each, ...changes })),
});

describe('a setting in addition to the grants is a possible gain', () => {
  test.each<[string, Partial<ComparedSettings>]>([
    ['server.listen', { server: { ...before.server, listen: '0.0.0.0:8080' } }],
    ['server.publicUrl', { server: { ...before.server, publicUrl: 'https://other.test' } }],
    ['server.trustedProxies', { server: { ...before.server, trustedProxies: ['0.0.0.0/0'] } }],
    ['server.admin', { server: { ...before.server, admin: { listen: '0.0.0.0:9090' } } }],
    ['server.limits.authFailures', { server: { ...before.server, limits: { drain: 1, authFailures: {} } } }],
    ['state.sqlite', { state: { sqlite: { file: 'b.db' } } }],
    ['signing.keys', { signing: { keys: [{ file: 'a.pem' }, { file: 'b.pem' }] } }],
    ['delegations', { delegations: [{ files: 'teams/*.yaml' }] }],
    ['issuers.lab.type', issuer({ type: 'kubernetes' })],
    ['issuers.lab.keys.staleLimit', issuer({ keys: { staleLimit: 1 } })],
    ['issuers.lab.jobTokens.cache', issuer({ jobTokens: { cache: 1 } })],
    ['services.npm.upstream.auth', service({ upstream: { url: 'u', auth: { bearer: { token: 'x' } } } })],
    ['services.npm.identityHeaders', service({ identityHeaders: { 'X-User': '{claims.login}' } })],
    ['services.npm.keepCookies', service({ keepCookies: true })],
    [
      'identities.job.tokenLifetime',
      { identities: before.identities.map((each) => ({ ...each, tokenLifetime: 86_400_000 })) },
    ],
  ])('%s', (path, changes) => {
    const { gains, changes: listed } = compareAccess(before, { ...before, ...changes });
    expect(gains.map(({ rule, certainty }) => [rule.join('.'), certainty])).toContainEqual([
      expect.stringMatching(new RegExp(`^${path.split('.').slice(0, 3).join('[.]')}`)),
      'possible',
    ]);
    expect(listed).not.toEqual([]);
    expect(JSON.stringify({ gains, listed })).not.toContain('"x"');
  });

  test('one Entra tenant under its two URLs is one issuer', () => {
    const tenant = '00000000-0000-0000-0000-000000000001';
    const entra = (url: string, jwksUri: string) =>
      issuer({ type: 'entra', issuer: url, jwksUri }) as Pick<ComparedSettings, 'issuers'>;
    const { gains } = compareAccess(
      { ...before, ...entra(`https://login.microsoftonline.com/${tenant}/v2.0`, 'https://a.test/') },
      { ...before, ...entra(`https://sts.windows.net/${tenant}/`, 'https://b.test/') },
    );
    expect(gains).toMatchObject([{ rule: ['issuers', 'lab', 'jwksUri'], certainty: 'possible' }]);
  });

  test('a shorter token lifetime is no gain', () => {
    const next = { identities: before.identities.map((each) => ({ ...each, tokenLifetime: 60_000 })) };
    expect(compareAccess(before, { ...before, ...next }).gains).toEqual([]);
  });
});
