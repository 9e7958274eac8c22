/** M4: an entry that could never match, or that has already ended, is refused instead of being taken for a revocation. */
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { rawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenarioPerTest } from '../support/scenario.ts';

const scenario = useScenarioPerTest({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci: { issuer: gitlab, match: { project_id: "20" }, roles: [reader] }
workloadIdentities:
  ci@workload.example.com: { identity: ci }
roles:
  reader: [{ service: orders, scopes: [read_api], resources: ["**"] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
});

interface Reply {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

async function admin(method: string, path: string, body = ''): Promise<Reply> {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  const port = Number(new URL(scenario.gateway.adminUrl).port);
  const { status, body: text } = await rawResponse(port, `${lines.join('\r\n')}\r\n\r\n${body}`);
  return { status, json: JSON.parse(text) as Reply['json'] };
}

const revoke = (entry: object): Promise<Reply> =>
  admin('POST', '/revocations', JSON.stringify({ reason: 'leaked', ...entry }));

const list = async (): Promise<unknown> => (await admin('GET', '/revocations')).json['revocations'];

async function use(token = scenario.issuer.mint()): Promise<number> {
  const lines = ['GET /orders/x HTTP/1.1', 'Host: gateway.example.com', `Authorization: Bearer ${token}`];
  const { status } = await rawResponse(
    scenario.gateway.port,
    [...lines, 'Connection: close', '', ''].join('\r\n'),
  );
  return status;
}

const HASH = hash('sha256', 'a token');
const at = (milliseconds: number): string => new Date(Date.now() + milliseconds).toISOString();

describe('400, with the way to write it', () => {
  test.each<readonly [string, () => object, RegExp]>([
    ['expires in the past', () => ({ identity: 'ci', expires: '2026-01-01T00:00:00Z' }), /has passed/],
    ['expires a moment ago', () => ({ identity: 'ci', expires: at(-1) }), /later time/],
    [
      'a time zone that makes it the past',
      () => ({ identity: 'ci', expires: at(3_600_000).replace('Z', '+02:00') }),
      /has passed/,
    ],
    [
      'a day that the calendar lacks',
      () => ({ identity: 'ci', expires: '2099-02-30T00:00:00Z' }),
      /RFC 3339/,
    ],
    ['a trailing slash', () => ({ project: 'acme/payments/' }), /"acme\/payments"/],
    ['a leading slash', () => ({ project: '/acme/payments' }), /"acme\/payments"/],
    ['an empty segment', () => ({ project: 'acme//payments' }), /path of a project/],
    ['a dot segment', () => ({ project: 'acme/../payments' }), /path of a project/],
    ['a group', () => ({ project: 'acme' }), /group/],
    ['a group with a slash', () => ({ project: 'acme/' }), /group/],
    ['a pattern', () => ({ project: 'acme/**' }), /path of a project/],
    ['white space around a path', () => ({ project: ' acme/payments' }), /white space/],
    ['white space in a path', () => ({ project: 'acme/pay ments' }), /path of a project/],
    ['a URL', () => ({ project: `${scenario.issuer.url}/acme/payments` }), /path of a project/],
    ['a clone path', () => ({ project: 'acme/payments.git' }), /"acme\/payments"/],
    ['a bare number', () => ({ project: '20' }), /"id:20"/],
    ['an id that is no number', () => ({ project: 'id:acme' }), /id:NN/],
    ['an empty id', () => ({ project: 'id:' }), /id:NN/],
    ['an id with zeros in front', () => ({ project: 'id:020' }), /id:NN/],
    ['an id with white space', () => ({ project: 'id: 20' }), /id:NN/],
    ['the 16 digits of the audit trail', () => ({ tokenHash: HASH.slice(0, 16) }), /token inspect/],
    ['a hash in capitals', () => ({ tokenHash: HASH.toUpperCase() }), /64 lowercase hex/],
    ['a hash with its algorithm', () => ({ tokenHash: `sha256:${HASH}` }), /64 lowercase hex/],
    ['a blank jti', () => ({ jti: ' ', issuer: 'gitlab' }), /white space/],
    ['an issuer by its URL', () => ({ issuer: scenario.issuer.url }), /not its URL/],
    ['the issuer of a jti by its URL', () => ({ jti: 'x', issuer: scenario.issuer.url }), /not its URL/],
    ['white space behind a name', () => ({ identity: 'ci ' }), /white space/],
    ['a name that no configuration can have', () => ({ identity: 'ci/deploy' }), /name of an identity/],
    [
      'a deploy token by its secret',
      () => ({ deployToken: `ghdt_edge_${'7'.repeat(64)}` }),
      /name of a deploy token/,
    ],
    [
      'a deploy token by its identity',
      () => ({ deployToken: 'deploy-token:edge' }),
      /name of a deploy token/,
    ],
    ['a workload identity', () => ({ identity: 'ci@workload.example.com' }), /"ci"/],
    ['a blank reason', () => ({ identity: 'ci', reason: ' ' }), /reason/],
  ])('%s', async (_name, entry, message) => {
    const { status, json } = await revoke(entry());
    expect([status, json['error']]).toEqual([400, 'invalid_request']);
    expect(json['message']).toMatch(message);
    expect(await list()).toEqual([]);
    expect(await use()).toBe(200);
  });
});

describe('201, and it has an effect', () => {
  test.each<readonly [string, () => object]>([
    ['a project by its path', () => ({ project: 'acme/payments' })],
    ['in another case', () => ({ project: 'Acme/Payments' })],
    ['a project by its id', () => ({ project: 'id:20' })],
    ['an identity', () => ({ identity: 'ci', expires: at(3_600_000) })],
    ['an issuer', () => ({ issuer: 'gitlab' })],
  ])('%s', async (_name, entry) => {
    const token = scenario.issuer.mint();
    expect(await use(token)).toBe(200);
    const { status, json } = await revoke(entry());
    expect(status).toBe(201);
    expect(json).not.toHaveProperty('warning');
    expect(await use(token)).toBe(401);
  });

  test('projects of subgroups, and of owners with dots and dashes', async () => {
    for (const project of ['acme/platform/a_b.c', 'acme-inc/web.site']) {
      expect((await revoke({ project })).status).toBe(201);
    }
  });
});

describe('a name that is missing here may be in the configuration of another replica', () => {
  test.each([
    { identity: 'next' },
    { identity: 'deploy-token:next' },
    { deployToken: 'next' },
    { issuer: 'next' },
    { jti: 'x', issuer: 'next' },
  ])('201 with a warning: %j', async (entry) => {
    const { status, json } = await revoke(entry);
    expect(status).toBe(201);
    expect(json['warning']).toMatch(/"next"|"deploy-token:next"/);
    expect(await list()).toMatchObject([entry]);
  });

  test('and is effective here once a reload brings it', async () => {
    expect((await revoke({ identity: 'next' })).status).toBe(201);
    expect(await use()).toBe(200);
    expect(
      await scenario.gateway.reload((yaml) =>
        yaml.replace('  ci: {', '  next: {').replace('identity: ci', 'identity: next'),
      ),
    ).toBe(true);
    expect(await use()).toBe(401);
  });
});
