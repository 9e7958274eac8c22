/** Two gateways in a chain: the second trusts the assertions of the first about its callers. */
import { expect, test } from 'vitest';
import { closeAfterTest } from '../support/clean-up.ts';
import { freePort } from '../support/free-port.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startIssuer } from '../support/issuer.ts';
import { receivedBy, valuesOf } from '../support/received.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';

async function startChain(tokenTypes: string) {
  const port = await freePort();
  const tokenEndpoint = `http://127.0.0.1:${port}/oauth/token`;
  const first = await startScenario({
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    server: { publicUrl: 'https://first.example.com' },
    host: 'first.example.com',
    config: ({ issuer }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}", audiences: ["https://first.example.com"] } }
identities:
  payments: { issuer: gitlab, match: { project_id: "20" }, roles: [reader] }
  web: { issuer: gitlab, match: { project_id: "21" }, roles: [reader] }
roles:
  reader: [{ service: orders, scopes: [read_api], resources: ["/**"] }]
services:
  orders:
    type: http
    path: /orders/
    upstream:
      url: http://127.0.0.1:${port}/second/
      auth: { tokenExchange: { tokenEndpoint: "${tokenEndpoint}", audience: second, scope: read_api, subject: caller } }
`,
  });
  const second = await startGateway(
    `
issuers:
  first:
    type: oidc
    issuer: https://first.example.com
    jwksUri: ${first.gateway.url}/.well-known/jwks.json
    audiences: ["${tokenEndpoint}"]
    ${tokenTypes}
identities:
  orders-reader:
    issuer: first
    match: { sub: payments }
    grants: [{ service: second, scopes: [read_api], resources: ["/**"] }]
services:
  second: { type: http, path: /second/, upstream: { url: "${first.upstream.url}/" } }
`,
    {
      server: `server:
  listen: 127.0.0.1:${port}
  publicUrl: http://127.0.0.1:${port}
  admin: { listen: 127.0.0.1:0 }
  limits: { drain: 500ms }
`,
    },
  );
  closeAfterTest(second);
  const ask = (project: string, path = 'a') => {
    const token = first.issuer.mint({ project_id: project, aud: 'https://first.example.com' });
    return first.respond(`GET /orders/${path}`, [`Authorization: Bearer ${token}`]);
  };
  return { ...first, second, ask };
}

const TOKEN_TYPES = 'tokenTypes: [gatehouse-assertion+jwt]';

async function reasonsOf(gateway: TestGateway, requests: number): Promise<readonly string[]> {
  return (await gateway.audit(requests)).map(({ event }) => event.reason);
}

test('the second gateway authorizes the caller of the first', async () => {
  const { upstream, second, ask } = await startChain(TOKEN_TYPES);
  expect((await ask('20')).status).toBe(200);
  expect(valuesOf(receivedBy(upstream), 'x-auth-identity')).toEqual(['orders-reader']);
  expect(valuesOf(receivedBy(upstream), 'authorization')).toEqual([]);
  expect(await reasonsOf(second, 2)).toEqual(['granted', 'granted']);
});

test('a caller that the second gateway does not know gets no token', async () => {
  const { upstream, second, ask } = await startChain(TOKEN_TYPES);
  const refused = await ask('21');
  expect([refused.status, refused.body]).toEqual([502, expect.stringContaining('upstream_unauthorized')]);
  expect(upstream.bytes()).toBe('');
  expect(await reasonsOf(second, 1)).toEqual(['no_matching_identity']);
});

test('without tokenTypes the second gateway refuses the assertion', async () => {
  const { upstream, second, ask } = await startChain('');
  expect((await ask('20')).status).toBe(502);
  expect(upstream.bytes()).toBe('');
  expect(await reasonsOf(second, 1)).toEqual(['credential_invalid']);
});
