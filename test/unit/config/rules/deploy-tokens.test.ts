import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseDeployTokenName } from '../../../../src/core/credentials/deploy-token.ts';
import { accepted, configuration, errorsOf, warningsOf } from '../loading.ts';

const hashOf = (text: string): string => `sha256:${hash('sha256', text)}`;
const GRANT = '{ service: orders, scopes: [read_api], resources: ["/v1/**"] }';

interface Entry {
  readonly username?: string;
  readonly secret?: string;
  readonly expires?: string | undefined;
  readonly grants?: string;
}

/** By default one without problems. */
function token(name: string, entry: Entry = {}): string {
  const { username = 'edge', secret = `ghdt_${name}_${'5a'.repeat(32)}`, grants = GRANT } = entry;
  const expires = 'expires' in entry ? entry.expires : '2027-01-01';
  const date = expires === undefined ? '' : `, expires: ${expires}`;
  return `"${name}": { username: ${username}, secretHash: "${hashOf(secret)}"${date}, grants: [${grants}] }`;
}

const tokens = (...entries: readonly string[]): string =>
  configuration({ deployTokens: `{ ${entries.join(', ')} }` });

test('come out in the order of the file, with their names', () => {
  const yaml = tokens(token('edge'), token('10'), token('9', { expires: '2028-02-29' }));
  expect(warningsOf(yaml)).toEqual([]);
  expect(accepted(yaml).deployTokens).toEqual(
    [
      { name: 'edge', expires: '2027-01-01' },
      { name: '10', expires: '2027-01-01' },
      { name: '9', expires: '2028-02-29' },
    ].map(({ name, expires }) => ({
      name,
      username: 'edge',
      secretHash: hashOf(`ghdt_${name}_${'5a'.repeat(32)}`),
      expires,
      grants: [{ service: 'orders', scopes: ['read_api'], resources: ['/v1/**'] }],
    })),
  );
});

test('there are none by default', () => {
  expect(accepted(configuration()).deployTokens).toEqual([]);
});

test.each(['a', 'A1', '0', 'edge.puller_2-x', 'a'.repeat(64)])(
  'the name %s is allowed in a secret',
  (name) => {
    expect(errorsOf(tokens(token(name)))).toEqual([]);
    expect(parseDeployTokenName(`ghdt_${name}_${'0'.repeat(64)}`)).toBe(name);
  },
);

test.each(['edge', 'gitlab+deploy-token-42', 'a.b_c', 'x'.repeat(255)])('the user name %s', (username) => {
  expect(errorsOf(tokens(token('a', { username })))).toEqual([]);
});

test('the user name of job tokens belongs to job tokens', () => {
  expect(errorsOf(tokens(token('a', { username: 'gitlab-ci-token' })))).toEqual([
    expect.stringContaining('deployTokens.a.username: is the user name of job tokens; choose another'),
  ]);
});

describe('secrets', () => {
  test.each(['', '\n', 'password', 'changeme', 'changeme\n', 'secret', 'edge', 'the-name', 'the-name\n'])(
    '%j can be guessed',
    (secret) => {
      expect(errorsOf(tokens(token('the-name', { secret })))).toEqual([
        expect.stringMatching(
          /deployTokens\.the-name\.secretHash: is the hash of a secret that can be guessed; generate one: gatehouse token create$/,
        ),
      ]);
    },
  );

  test('one secret has one name', () => {
    const yaml = tokens(
      token('a', { secret: 'x1' }),
      token('b'),
      token('c', { secret: 'x1', username: 'c' }),
    );
    expect(errorsOf(yaml)).toEqual([
      expect.stringMatching(
        /deployTokens\.c\.secretHash: is also the hash of "a" \(\S+:7:\d+\): the two tokens are indistinguishable; generate one/,
      ),
    ]);
  });

  test('two secrets with one user name are a rotation', () => {
    expect(errorsOf(tokens(token('a'), token('b')))).toEqual([]);
  });
});

describe('grants', () => {
  const grants = (grant: string): string[] => errorsOf(tokens(token('a', { grants: grant })));

  test.each([
    [
      '{ service: ordres, scopes: [read_api], resources: ["/v1"] }',
      'service: no service is named "ordres"; did you mean "orders"?',
    ],
    [
      '{ service: orders, scopes: [raed_api], resources: ["/v1"] }',
      'scopes[0]: service "orders" has no scope "raed_api"; did you mean "read_api"?',
    ],
    ['{ service: orders, scopes: [read_api], resources: [v1] }', 'resources[0]: must start with /'],
    [
      '{ service: orders, scopes: [read_api], resources: ["/v1", "/{claims.username}/**"] }',
      'resources[1]: a deploy token has no claims; write the resource out',
    ],
  ])('%s', (grant, message) => {
    expect(grants(grant)).toEqual([expect.stringContaining(`deployTokens.a.grants[0].${message}`)]);
  });

  test('make a service reachable, and callers known', () => {
    const yaml = (sections: Record<string, string>): string =>
      configuration({ issuers: '{}', identities: '{}', roles: '{}', ...sections });
    expect(warningsOf(yaml({ deployTokens: `{ ${token('a')} }` }))).toEqual([]);
    expect(warningsOf(yaml({}))).toEqual([
      expect.stringContaining('issuers: there are none'),
      expect.stringContaining('identities: there are none'),
      expect.stringContaining('services.orders: is unreachable'),
    ]);
  });
});

/** Read at 2026-06-15T12:00Z. */
describe('expiry', () => {
  test.each([
    [undefined, ['deployTokens.a: never expires; give it expires: YYYY-MM-DD']],
    ['2020-01-01', ['deployTokens.a.expires: has passed: the token is refused']],
    ['2026-06-15', ['deployTokens.a.expires: has passed: the token is refused']],
    ['2026-06-16', ['deployTokens.a.expires: comes within a day: add a second entry with the same username']],
    ['2026-06-17', ['deployTokens.a.expires: comes within 2 days']],
    ['2026-06-29', ['deployTokens.a.expires: comes within 14 days']],
    ['2026-07-15', ['deployTokens.a.expires: comes within 30 days']],
    ['2026-07-16', []],
    ['9999-12-31', []],
  ])('%s', (expires, warnings) => {
    expect(warningsOf(tokens(token('a', { expires })))).toEqual(
      warnings.map((warning) => expect.stringContaining(warning)),
    );
    expect(errorsOf(tokens(token('a', { expires })))).toEqual([]);
  });
});
