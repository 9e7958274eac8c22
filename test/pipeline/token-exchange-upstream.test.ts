/** The upstream credential from another token service (RFC 8693), for an assertion about the caller. */
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { exchanged, giveBack } from '../support/revocation-calls.ts';
import { useTokenExchange } from '../support/scenario/token-exchange.ts';

const { scenario, job, tokenOf, ask, trustGateway, subjectsAtUpstream } = useTokenExchange();

test('an assertion about the caller is exchanged, and its token is used for the next requests', async () => {
  const { gateway, sts } = scenario;
  const token = job().idToken();
  for (let n = 0; n < 3; n++) expect((await ask('/asserted/a', token)).status).toBe(200);
  expect(subjectsAtUpstream()).toEqual(['payments', 'payments', 'payments']);
  const [form, ...more] = sts.forms;
  expect(more).toEqual([]);
  const assertion = form?.get('subject_token') ?? '';
  const keys = createRemoteJWKSet(new URL(`${gateway.url}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(assertion, keys, {
    issuer: 'https://gateway.example.com',
    audience: sts.tokenEndpoint,
    typ: 'gatehouse-assertion+jwt',
  });
  const { iat = 0, exp = 0, sub, src } = payload;
  expect([sub, exp - iat]).toEqual(['payments', 60]);
  expect(src).toMatchObject({ iss: scenario.gitlab.url, credential: 'id_token' });
  expect(form?.get('subject_token_type')).toBe('urn:ietf:params:oauth:token-type:jwt');
});

test('the token service and the upstream receive no credential of the client', async () => {
  const token = job().idToken();
  expect((await ask('/asserted/a', token)).status).toBe(200);
  expect((await ask('/asserted/a', job().token)).status).toBe(200);
  const seen = scenario.sts.forms.join('\n') + scenario.upstream.bytes();
  expect(seen).not.toContain(token.split('.')[2]);
  expect(seen).not.toContain(job().token);
  expect(subjectsAtUpstream()).toEqual(['payments', 'payments']);
});

test('assertionType: JWT', async () => {
  expect((await ask('/typed/a', job().idToken())).status).toBe(200);
  const [form] = scenario.sts.forms;
  const header = Buffer.from(form?.get('subject_token')?.split('.')[0] ?? '', 'base64url').toString();
  expect(JSON.parse(header)).toMatchObject({ typ: 'JWT', alg: 'ES256' });
});

test('the assertion ends with the credential of the caller', async () => {
  const exp = Math.floor(Date.now() / 1000) + 20;
  expect((await ask('/asserted/a', job().idToken({ exp }))).status).toBe(200);
  const [form] = scenario.sts.forms;
  expect(decodeJwt(form?.get('subject_token') ?? '').exp).toBe(exp);
});

test('the assertion about a job token does not end with the confirmation of the job', async () => {
  expect((await ask('/asserted/a', job().token)).status).toBe(200);
  const { iat = 0, exp = 0 } = decodeJwt(scenario.sts.forms[0]?.get('subject_token') ?? '');
  expect(exp - iat).toBe(60);
});

test('anonymous requests are sent without a credential', async () => {
  expect((await ask('/asserted/public/a')).status).toBe(200);
  expect([scenario.sts.forms, subjectsAtUpstream()]).toEqual([[], []]);
});

test('a subject that the token service refuses is paused alone', async () => {
  scenario.sts.provider = { ...scenario.sts.provider, audiences: ['https://elsewhere.example.com'] };
  const first = job().idToken({ jti: 'first' });
  for (let n = 0; n < 3; n++) {
    const refused = await ask('/asserted/a', first);
    expect([refused.status, refused.body]).toEqual([502, expect.stringContaining('upstream_unauthorized')]);
    expect(refused.body).not.toContain('ID Token');
  }
  expect(scenario.sts.forms).toHaveLength(1);
  trustGateway();
  expect((await ask('/asserted/a', job().idToken({ jti: 'second' }))).status).toBe(200);
  expect(scenario.upstream.requests()).toHaveLength(1);
});

test('a token service that refuses the gateway as client is not asked for other callers', async () => {
  for (const caller of [1, 2, 3]) expect((await ask('/barred/a', tokenOf(caller))).status).toBe(502);
  expect(scenario.sts.forms).toHaveLength(1);
});

test('perIdentity, with a client assertion', async () => {
  expect((await ask('/each/a', job().idToken())).status).toBe(200);
  expect(Object.fromEntries(scenario.sts.forms[0] ?? [])).toMatchObject({
    client_id: 'gatehouse',
    client_assertion: 'unusable',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  });
  expect(subjectsAtUpstream()).toEqual(['payments']);
  expect((await ask('/each/a', tokenOf(1))).status).toBe(403);
});

test('a token that the upstream refuses is replaced once, for this caller', async () => {
  const [first, second] = [tokenOf(1), tokenOf(2)];
  await ask('/asserted/a', first);
  await ask('/asserted/a', second);
  expect(scenario.sts.forms).toHaveLength(2);
  scenario.upstream.respond('HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n');
  expect((await ask('/asserted/a', first)).status).toBe(502);
  expect(scenario.sts.forms).toHaveLength(3);
});

test('a credential that is revoked during the exchange: the request is not forwarded', async () => {
  const minted = await exchanged(scenario.gateway, job().idToken());
  let release = (): void => undefined;
  scenario.sts.hold = new Promise((resolve) => (release = resolve));
  const waiting = ask('/asserted/a', minted);
  await eventually('the token request', () => scenario.sts.forms.length === 1);
  expect((await giveBack(scenario.gateway, minted)).status).toBe(200);
  release();
  expect((await waiting).status).toBe(401);
  expect((await ask('/asserted/a', minted)).status).toBe(401);
  expect(scenario.upstream.bytes()).toBe('');
});
