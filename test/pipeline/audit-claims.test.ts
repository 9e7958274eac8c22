/** The claims and the nearest identity in the audit events of a running gateway. */
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/core/ports.ts';
import { auditedIn } from '../support/audited.ts';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { rawResponse } from '../support/raw-client.ts';
import { startScenario } from '../support/scenario.ts';

async function scene(audit = 'file: audit.log', mode = 'enforce', clock?: Clock) {
  const scenario = await startScenario({
    ...(clock && { clock }),
    backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
    token: ({ issuer }) => issuer.mint({ project_id: '20', ref: 'main' }),
    config: ({ issuer, upstream }) => `
audit: { ${audit} }
issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20", ref: main }
    grants: [{ service: orders, scopes: [read_api], resources: ["/{claims.environment}/**", "/all/**"] }]
services:
  orders: { type: http, path: /orders/, mode: ${mode}, upstream: { url: "${upstream.url}/" } }
`,
  });
  const { gateway, issuer } = scenario;
  const auditOf = async (claims: Readonly<Record<string, unknown>>) => {
    const request = [
      'GET /orders/all/x HTTP/1.1',
      'Host: gateway.example.com',
      `Authorization: Bearer ${issuer.mint(claims)}`,
      'Connection: close',
      '',
      '',
    ].join('\r\n');
    const response = await rawResponse(gateway.port, request, { quiet: 10_000 });
    return (await auditedIn(gateway, response)).gatehouse;
  };
  return { ...scenario, auditOf };
}

describe('gatehouse.claims', () => {
  test('are the claims that the policy refers to, of allowed and denied requests', async () => {
    const { auditOf } = await scene();
    const claims = { project_id: '20', ref: 'main', environment: 'production', user_login: 'alice' };
    const allowed = await auditOf(claims);
    expect(allowed).toMatchObject({
      decision: 'allow',
      claims: { project_id: '20', ref: 'main', environment: 'production', project_path: 'acme/payments' },
    });
    expect(JSON.stringify(allowed['claims'])).not.toContain('alice');
    expect(allowed).not.toHaveProperty('nearest');
    expect(await auditOf({ ...claims, ref: 'feature' })).toMatchObject({
      decision: 'deny',
      claims: { project_id: '20', ref: 'feature' },
    });
  });

  test('follow the policy of a reload, for a cached credential too', async () => {
    const scenario = await scene();
    const refused = [`Authorization: Bearer ${scenario.issuer.mint({ project_id: '21', ref: 'main' })}`];
    const ask = async () => {
      const bytes = [
        'GET /orders/all/x HTTP/1.1',
        'Host: gateway.example.com',
        ...refused,
        'Connection: close',
        '',
        '',
      ];
      const response = await rawResponse(scenario.gateway.port, bytes.join('\r\n'), { quiet: 10_000 });
      return (await scenario.audited(response)).gatehouse['claims'];
    };
    expect(await ask()).toHaveProperty('ref', 'main');
    expect(await ask()).not.toHaveProperty('ref_type');
    expect(await scenario.gateway.reload((yaml) => yaml.replace('ref: main', 'ref_type: branch'))).toBe(true);
    const after = await ask();
    expect(after).not.toHaveProperty('ref');
    expect(after).toHaveProperty('ref_type', 'branch');
  });

  test('audit.claims: none: neither claims nor the value of the failed claim', async () => {
    const { auditOf } = await scene('file: audit.log, claims: none');
    const line = await auditOf({ project_id: '20', ref: 'secret-branch' });
    expect(line).not.toHaveProperty('claims');
    expect(line).toMatchObject({
      nearest: { identity: 'payments', claim: 'ref', operator: 'equals', expected: ['main'] },
    });
    expect(line['nearest']).not.toHaveProperty('actual');
  });
});

describe('gatehouse.nearest', () => {
  test.each(['enforce', 'shadow'])('is the identity whose condition failed, in mode %s', async (mode) => {
    const { auditOf } = await scene(undefined, mode);
    expect(await auditOf({ project_id: '20', ref: 'feature' })).toMatchObject({
      nearest: {
        identity: 'payments',
        claim: 'ref',
        operator: 'equals',
        expected: ['main'],
        actual: 'feature',
      },
    });
  });

  test('is absent during a flood of credentials, and the skipped searches are counted', async () => {
    const frozen = Date.now();
    const { auditOf, gateway } = await scene(undefined, undefined, { now: () => frozen });
    for (let batch = 0; batch < 11; batch++) {
      await Promise.all(
        Array.from({ length: 10 }, (_, n) => auditOf({ project_id: '20', ref: `f${batch}-${n}` })),
      );
    }
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
    expect(text).toContain('\ngatehouse_nearest_skipped_total 10\n');
    const events = gateway.auditText().split('\n').filter(Boolean);
    const without = events.filter((line) => !line.includes('"nearest"'));
    expect(without).toHaveLength(10);
  });
});
