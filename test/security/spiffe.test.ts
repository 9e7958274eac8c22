/** threats.md K12: a trust domain signs SVIDs of its members only. */
import { beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const A = 'spiffe://a.example.org';
const B = 'spiffe://b.example.org';

const scenario = useScenario({
  backends: {
    a: () => startIssuer({ type: 'spiffe', issuer: A, alg: 'ES256' }),
    b: () => startIssuer({ type: 'spiffe', issuer: B, alg: 'ES256' }),
    idp: () => startIssuer({ type: 'oidc', alg: 'ES256' }),
    upstream: () => startRecordingUpstream(),
  },
  config: ({ a, b, idp, upstream }) => `
issuers:
  a: { type: spiffe, issuer: "${a.url}", jwksUri: "${a.jwksUri}" }
  b: { type: spiffe, issuer: "${b.url}", jwksUri: "${b.jwksUri}" }
  idp: { type: oidc, issuer: "${idp.url}" }
identities:
  a: { issuer: a, match: { sub: { glob: "${A}/**" } }, roles: [reader] }
  b: { issuer: b, match: { sub: { glob: "spiffe://**" } }, roles: [reader] }
  idp: { issuer: idp, match: { sub: workload-1 }, roles: [reader] }
roles: { reader: [{ service: api, scopes: [read_api], resources: ["/**"] }] }
services:
  api: { type: http, path: /api/, upstream: { url: "${upstream.url}/" } }
`,
  server: { limits: 'authFailures: { perAddress: 1000 }' },
});
beforeEach(() => scenario.upstream.reset());

/** `200 SUBJECT ISSUER`, as the upstream receives them, or the refusal. */
async function ask(token: string): Promise<string> {
  const { status, body } = await scenario.respond('GET /api/x', [`Authorization: Bearer ${token}`]);
  const sent = scenario.upstream.bytes();
  if (status !== 200) {
    expect(sent).toBe('');
    return `${status} ${String((JSON.parse(body) as { error: unknown }).error)}`;
  }
  const header = (name: string): string => new RegExp(`^${name}: (.*)\r$`, 'im').exec(sent)?.[1] ?? '';
  return `200 ${header('x-auth-subject')} ${header('x-auth-issuer')}`;
}

const WORKLOAD = { sub: `${A}/ns/payments/sa/deployer` };

describe('K12 a JWT-SVID', () => {
  test.each([
    ['without iss', {}],
    ['with an iss of SPIRE', { iss: 'https://oidc.a.example.org' }],
    ['with the iss of another trust domain', { iss: B }],
    ['without iat and jti', { iat: undefined, nbf: undefined, jti: undefined }],
  ])('%s has the issuer of its subject', async (_name, claims) => {
    expect(await ask(scenario.a.mint({ ...WORKLOAD, ...claims }))).toBe(`200 ${WORKLOAD.sub} ${A}`);
  });

  test('with the type JOSE, without a type, and without a key id', async () => {
    for (const header of [{ typ: 'JOSE' }, { typ: undefined }, { kid: undefined }])
      expect(await ask(scenario.a.mint(WORKLOAD, { header }))).toBe(`200 ${WORKLOAD.sub} ${A}`);
  });

  test.each([
    ['another header', { x5c: [] }],
    ['another type', { typ: 'at+jwt' }],
    ['no algorithm', { alg: 'none' }],
  ])('with %s is refused', async (_name, header) => {
    expect(await ask(scenario.a.mint(WORKLOAD, { header }))).toBe('401 credential_invalid');
  });

  test('lives no longer than the type allows, also without iat', async () => {
    const token = scenario.a.mint({ ...WORKLOAD, iat: undefined, nbf: undefined }, { lifetime: 90_000 });
    expect(await ask(token)).toBe('401 credential_invalid');
    expect(await ask(scenario.a.mint({ ...WORKLOAD, aud: 'https://other.example.com' }))).toBe(
      '401 audience_mismatch',
    );
  });
});

describe('K12 an attacker with a key of trust domain A', () => {
  const forge = (claims: Readonly<Record<string, unknown>>, header = {}): string =>
    scenario.a.mint(claims, { header });

  test.each([
    ['a subject of B', { sub: `${B}/x` }],
    ['a subject of B with the iss of A', { sub: `${B}/x`, iss: A }],
  ])('signs no %s', async (_name, claims) => {
    for (const kid of [scenario.a.key.kid, scenario.b.key.kid, undefined])
      expect(await ask(forge(claims, { kid }))).toBe('401 signature_invalid');
  });

  test.each([
    `${A}`,
    `${A}/`,
    `${A}/x/`,
    `${A}/x//y`,
    `${A}/../b.example.org/x`,
    `${A}/./x`,
    `${A}/x?y`,
    `${A}/x#y`,
    `${A}/%2e%2e/x`,
    `${A}:443/x`,
    'spiffe://A.EXAMPLE.ORG/x',
    'SPIFFE://a.example.org/x',
    'spiffe://user@a.example.org/x',
    `${A}/x\n`,
    `${A}\u0000/x`,
    `${A}/ä`,
    `${A}/${'x'.repeat(2_048)}`,
    'https://a.example.org/x',
  ])('signs no SVID with the subject %j', async (sub) => {
    expect(await ask(forge({ sub }))).toMatch(/^401 credential_malformed$/);
  });

  test('signs no token of another issuer', async () => {
    const iss = scenario.idp.url;
    for (const sub of ['workload-1', WORKLOAD.sub])
      expect(await ask(forge({ iss, sub }))).toBe('401 signature_invalid');
    expect(await ask(forge({ iss: ['x'], ...WORKLOAD }))).toBe('401 credential_malformed');
    expect(await ask(forge({ sub: 'spiffe://c.example.org/x' }))).toBe('401 issuer_unknown');
  });

  test('gains nothing from an issuer of ID tokens that signs a subject of A', async () => {
    expect(await ask(scenario.idp.mint({ ...WORKLOAD }))).toBe('403 no_matching_identity');
    expect(await ask(scenario.idp.mint({ ...WORKLOAD, iss: undefined }))).toBe('401 signature_invalid');
    expect(await ask(scenario.idp.mint({ ...WORKLOAD, iss: A }))).toBe('401 signature_invalid');
  });
});

test('K12 keys with another use than jwt-svid verify no SVID', async () => {
  const key = scenario.b.rotate({ keepOld: true });
  scenario.b.published.splice(0, 1, { ...key.jwk, use: 'sig' });
  expect(await ask(scenario.b.mint({ sub: `${B}/x` }))).toBe('401 signature_invalid');
  scenario.b.published.splice(0, 1, { ...key.jwk, use: 'jwt-svid' });
  await eventually('the next fetch for the key', async () =>
    (await ask(scenario.b.mint({ sub: `${B}/x` }))).startsWith('200 '),
  );
});
