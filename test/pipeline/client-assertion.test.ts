/** RFC 7523 client authentication of the gateway at token endpoints, without a secret. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { startAuthorizationServer } from '../support/authorization-server.ts';
import { selfSigned } from '../support/certificates.ts';
import { createClientKey, type ClientKey } from '../support/client-keys.ts';
import { startEntra } from '../support/entra.ts';
import { closeAfterTest } from '../support/clean-up.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { valuesOf } from '../support/received.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';

const AUDIENCE = 'https://orders.example.com';
const TENANT = '3d7c0f3a-8f4e-4c60-9d3c-2f4e8f0e6a51';
const CLIENT_ID = 'b2f1a7de-6f0c-4a55-a0a4-0fe0b7d1c111';
const FEDERATED = {
  subject: 'system:serviceaccount:gateway:gatehouse',
  audience: 'api://AzureADTokenExchange',
};

function service(upstream: RecordingUpstream, oauth2: string): string {
  return `services:
  orders:
    type: http
    path: /orders/
    anonymous: [{ scopes: [read_api], resources: ["/**"] }]
    upstream: { url: "${upstream.url}/", auth: { oauth2: { ${oauth2} } } }
`;
}

function bearerOf(upstream: RecordingUpstream): string {
  const [value = ''] = upstream.requests().flatMap((request) => valuesOf(request, 'authorization'));
  return value.replace(/^Bearer /, '');
}

/** A gateway whose key is registered at oidc-provider. */
function startWithKey(keys: readonly ClientKey[], clientAssertion: string, lifetime = 300) {
  const client = { id: 'gatehouse', method: 'private_key_jwt', keys: keys.map(({ jwk }) => jwk) } as const;
  return startScenario({
    backends: {
      server: () => startAuthorizationServer([client], lifetime),
      upstream: () => startRecordingUpstream(),
    },
    files: { 'key.pem': keys[0]?.pem ?? '' },
    config: ({ server, upstream }) =>
      service(
        upstream,
        `tokenEndpoint: "${server.tokenEndpoint}", clientId: gatehouse, parameters: { resource: "${AUDIENCE}" }, clientAssertion: { keyFile: key.pem, ${clientAssertion} }`,
      ),
  });
}

test.each([
  ['RS256', 'PKCS #1', createClientKey('RS256', { type: 'pkcs1' }), 'algorithm: RS256'],
  ['RS256', 'PKCS #8, as default', createClientKey('RS256', { kid: 'a' }), 'keyId: a'],
  ['PS256', 'PKCS #8', createClientKey('PS256', { kid: 'a' }), 'keyId: a, algorithm: PS256'],
  ['ES256', 'SEC 1', createClientKey('ES256', { type: 'sec1' }), 'algorithm: ES256'],
  ['EdDSA', 'PKCS #8', createClientKey('EdDSA'), 'algorithm: EdDSA'],
])('private_key_jwt at oidc-provider: %s, %s', async (_algorithm, _form, key, settings) => {
  const { server, upstream, respond } = await startWithKey([key], settings);
  expect((await respond('GET /orders/a')).status).toBe(200);
  expect(await server.verify(bearerOf(upstream), AUDIENCE)).toMatchObject({ client_id: 'gatehouse' });
  expect([server.grants(), server.refusals()]).toEqual([1, 0]);
});

test('each token request has an assertion of its own: oidc-provider accepts no second use', async () => {
  // Tokens of this lifetime are not cached.
  const { server, respond } = await startWithKey([createClientKey('RS256')], 'algorithm: RS256', 1);
  for (let n = 0; n < 3; n++) expect((await respond('GET /orders/a')).status).toBe(200);
  expect([server.grants(), server.refusals()]).toEqual([3, 0]);
});

test('an audience of another server is refused', async () => {
  const key = createClientKey('RS256');
  const wrong = await startWithKey([key], 'audience: "https://elsewhere.example.com"');
  expect((await wrong.respond('GET /orders/a')).status).toBe(502);
  expect(wrong.server.refusals()).toBe(1);
});

test('a key that the server does not know is refused; a changed key file is used without a restart', async () => {
  const [unknown, known] = [createClientKey('RS256'), createClientKey('RS256')];
  const scenario = await startWithKey([known], 'algorithm: RS256');
  const { server, gateway, upstream, respond } = scenario;
  const write = (content: string): void => {
    writeFileSync(join(gateway.folder, 'new'), content, { mode: 0o600 });
    renameSync(join(gateway.folder, 'new'), join(gateway.folder, 'key.pem'));
  };
  write(unknown.pem);
  for (let n = 0; n < 3; n++) {
    const response = await respond('GET /orders/a');
    expect([response.status, response.body]).toEqual([502, expect.stringContaining('upstream_unauthorized')]);
  }
  expect([server.refusals(), upstream.bytes()]).toEqual([1, '']);
  write(known.pem);
  // Another key is not covered by the pause after the refusal.
  expect((await respond('GET /orders/a')).status).toBe(200);
  expect(server.grants()).toBe(1);
});

test('a broken key file: the last valid key stays active', async () => {
  const { gateway, respond } = await startWithKey([createClientKey('RS256')], 'algorithm: RS256', 1);
  expect((await respond('GET /orders/a')).status).toBe(200);
  writeFileSync(join(gateway.folder, 'key.pem'), 'not a key');
  expect((await respond('GET /orders/a')).status).toBe(200);
});

/** A gateway with credentials for an application of Entra. `token` is in the file `token`. */
async function startAtEntra(clientAssertion: string, token: (issuer: TestIssuer) => string = () => 'none') {
  const issuer = await startIssuer({ type: 'kubernetes' });
  closeAfterTest(issuer);
  const federated = { issuer: issuer.url, jwksUri: issuer.jwksUri, ...FEDERATED };
  const key = createClientKey('PS256');
  const certificate = selfSigned(key.pem);
  const principal = { clientId: CLIENT_ID, objectId: 'o-1', assertions: { federated, certificate } };
  const scenario = await startScenario({
    backends: {
      entra: () => startEntra(TENANT, 'orders', [principal]),
      upstream: () => startRecordingUpstream(),
    },
    files: { 'key.pem': key.pem, 'certificate.pem': certificate, token: token(issuer) },
    config: ({ entra, upstream }) =>
      service(
        upstream,
        `tokenEndpoint: "${entra.tokenEndpoint}", clientId: ${CLIENT_ID}, scope: "api://orders/.default", clientAssertion: { ${clientAssertion} }`,
      ),
  });
  return { ...scenario, issuer };
}

const projected = (issuer: TestIssuer, claims: Readonly<Record<string, unknown>> = {}): string =>
  issuer.mint({ sub: FEDERATED.subject, aud: FEDERATED.audience, ...claims });

test('Entra, federated: the token of the file is sent without its newline', async () => {
  const { upstream, respond } = await startAtEntra('tokenFile: token', (issuer) => `${projected(issuer)}\n`);
  expect((await respond('GET /orders/a')).status).toBe(200);
  expect(decodeJwt(bearerOf(upstream))).toMatchObject({ azp: CLIENT_ID });
});

test('Entra, federated: a token of another subject is refused, and a renewed file is read at once', async () => {
  const { gateway, issuer, upstream, respond } = await startAtEntra('tokenFile: token', (from) =>
    projected(from, { sub: FEDERATED.subject.toUpperCase() }),
  );
  const refused = await respond('GET /orders/a');
  expect([refused.status, refused.body]).toEqual([502, expect.stringContaining('upstream_unauthorized')]);
  expect(refused.body).not.toMatch(/AADSTS/);
  writeFileSync(join(gateway.folder, 'token'), projected(issuer));
  expect((await respond('GET /orders/a')).status).toBe(200);
  expect(upstream.requests()).toHaveLength(1);
});

test('Entra, key with certificate: PS256 and x5t#S256', async () => {
  const settings = 'keyFile: key.pem, certificateFile: certificate.pem, algorithm: PS256';
  const { upstream, respond } = await startAtEntra(settings);
  expect((await respond('GET /orders/a')).status).toBe(200);
  expect(decodeJwt(bearerOf(upstream))).toMatchObject({ azp: CLIENT_ID });
});

test('Entra, RS256 or no thumbprint: refused', async () => {
  for (const settings of [
    'keyFile: key.pem, certificateFile: certificate.pem, algorithm: RS256',
    'keyFile: key.pem, algorithm: PS256',
  ]) {
    const { upstream, respond } = await startAtEntra(settings);
    expect((await respond('GET /orders/a')).status).toBe(502);
    expect(upstream.bytes()).toBe('');
  }
});
