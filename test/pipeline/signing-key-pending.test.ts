/** A key rotation while the issuer still serves the old key set. */
import { expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { generateKey } from '../support/issuer-keys.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { rawResponse, type RawResponse } from '../support/raw-client.ts';
import { useScenario } from '../support/scenario.ts';

let ahead = 0;

const scenario = useScenario({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: orders, scopes: [read_api], resources: ["**"] }]
services:
  orders: { type: http, upstream: { url: "${upstream.url}/" } }
`,
  token: ({ issuer }) => issuer.mint(),
  clock: { now: () => Date.now() + ahead },
});

function ask(token: string): Promise<RawResponse> {
  const lines = ['GET /orders/ HTTP/1.1', 'Host: gateway.example.com', `Authorization: Bearer ${token}`];
  return rawResponse(scenario.gateway.port, [...lines, 'Connection: close', '', ''].join('\r\n'));
}

test('tokens of a new key get 503 until the issuer publishes it, never 429', async () => {
  const { issuer } = scenario;
  expect((await ask(scenario.token)).status).toBe(200);
  const key = generateKey('rotated', 'RS256');
  const statuses: number[] = [];
  for (let job = 0; job < 40; job++) {
    const response = await ask(issuer.mint({ jti: `job-${job}` }, { key }));
    statuses.push(response.status);
    if (job !== 1) continue;
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(JSON.parse(response.body)).toMatchObject({ error: 'signing_key_pending' });
    expect(await scenario.audited(response)).toMatchObject({
      event: { reason: 'signing_key_pending', outcome: 'unknown' },
    });
  }
  expect(statuses).toEqual([401, ...Array<number>(39).fill(503)]);
  issuer.published.push(key.jwk);
  ahead += 2_000;
  expect((await ask(issuer.mint({}, { key }))).status).toBe(200);
});

test('many invented key ids of one client get 429; its valid token is accepted', async () => {
  const statuses = new Set<number>();
  for (let at = 0; at < 60; at++) {
    const key = generateKey(`invented-${at}`, 'ES256');
    statuses.add((await ask(scenario.issuer.mint({}, { key }))).status);
  }
  expect(statuses).toContain(429);
  expect((await ask(scenario.token)).status).toBe(200);
});
