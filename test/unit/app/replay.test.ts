/** Recorded requests that `replay` must not misread. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build, type Gateway } from '../../../src/app/build.ts';
import { readRecordedRequest, type ReplayedRequest } from '../../../src/app/tools.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const CONFIG = `version: 1
server: { publicUrl: https://gateway.example.com }
issuers:
  gitlab: { type: gitlab, issuer: https://gitlab.example.com }
  cluster: { type: kubernetes, issuer: https://kubernetes.example.com }
identities:
  payments:
    issuer: gitlab
    match: { project_id: '20', ref: main, ref_type: branch }
    grants:
      - { service: registry, scopes: [read_registry, write_registry], resources: [acme/payments] }
      - { service: orders, scopes: [read_api], resources: [/v1/**] }
  workers:
    issuer: cluster
    match: { /kubernetes.io/namespace: workers }
    grants: [{ service: orders, scopes: [read_api], resources: [/v1/**] }]
services:
  registry: { type: oci, hosts: [registry.example.com], upstream: { url: http://127.0.0.1:1/ } }
  orders: { type: http, path: /orders/, upstream: { url: http://127.0.0.1:1/ } }
`;

const folder = temporaryFolder('replay');
let gateway: Gateway;

beforeAll(async () => {
  const file = join(folder.path, 'gatehouse.yaml');
  writeFileSync(file, CONFIG);
  const loaded = loadConfig(file, {});
  if (loaded.kind === 'invalid') throw new TypeError(JSON.stringify(loaded.problems));
  gateway = await build(loaded.config, { version: '0', inspect: true });
});
afterAll(async () => {
  await gateway.stop();
  folder.close();
});

interface Parts {
  readonly method?: string;
  readonly path?: string;
  readonly reason?: string;
  readonly user?: object;
  readonly gatehouse: Readonly<Record<string, unknown>>;
}

const MAIN = { project_id: '20', project_path: 'acme/payments', ref: 'main', ref_type: 'branch' };
const ORDERS = {
  service: 'orders',
  type: 'http',
  scopes: ['read_api'],
  resources: ['/v1/list'],
  credential: 'id_token',
  issuer: 'gitlab',
  decision: 'allow',
  basis: 'grant',
  claims: MAIN,
};

function replay({
  method = 'GET',
  path = '/orders/v1/list',
  reason,
  user = {},
  gatehouse,
}: Parts): ReplayedRequest {
  const read = readRecordedRequest({
    '@timestamp': '2026-11-27T10:00:00.000Z',
    event: { dataset: 'gatehouse.audit', reason: reason ?? 'granted' },
    http: { request: { method, id: 'r-1' }, response: { status_code: 200 } },
    url: { domain: 'gateway.example.com', path },
    user: { name: 'payments', id: 'a subject', ...user },
    gatehouse,
  });
  if (read.kind !== 'recorded') throw new TypeError(`the event is ${read.kind}`);
  return gateway.replay()(read);
}

const SAME = { kind: 'same' };

describe('replay', () => {
  test('an allowed request stays allowed; http requests are classified by the new configuration', () => {
    expect(replay({ gatehouse: ORDERS })).toEqual(SAME);
    expect(replay({ gatehouse: { ...ORDERS, scopes: ['an old scope'] } })).toEqual(SAME);
  });

  test('claims below a JSON pointer', () => {
    const claims = { '/kubernetes.io/namespace': 'workers' };
    expect(replay({ gatehouse: { ...ORDERS, issuer: 'cluster', claims } })).toEqual(SAME);
    const other = { '/kubernetes.io/namespace': 'other' };
    expect(replay({ gatehouse: { ...ORDERS, issuer: 'cluster', claims: other } })).toMatchObject({
      kind: 'flip',
      to: 'deny',
      reason: 'no_matching_identity',
    });
  });

  test('a mount whose source is denied is forwarded as a plain upload', () => {
    const operations = [
      { scope: 'write_registry', resource: 'acme/payments' },
      { scope: 'read_registry', resource: 'acme/base' },
    ];
    const gatehouse = { ...ORDERS, service: 'registry', type: 'oci', operations };
    expect(replay({ method: 'POST', gatehouse })).toEqual(SAME);
    expect(replay({ method: 'GET', gatehouse })).toMatchObject({ kind: 'flip', to: 'deny' });
  });

  test('a minted token has the limits that its recorded request needed; a refusal by its limits is not evaluated', () => {
    const minted = { ...ORDERS, credential: 'access_token', source: { credential: 'id_token' } };
    expect(replay({ gatehouse: minted })).toEqual(SAME);
    const refused = { ...minted, decision: 'deny', basis: undefined };
    expect(replay({ reason: 'insufficient_scope', gatehouse: refused })).toMatchObject({
      kind: 'not-evaluated',
      detail: expect.stringContaining('limits of minted tokens'),
    });
  });

  test.each([
    ['a revoked credential', { reason: 'revoked', gatehouse: { ...ORDERS, decision: 'deny' } }, 'revoked'],
    ['a built-in endpoint', { gatehouse: { ...ORDERS, service: undefined } }, 'built-in endpoint'],
    ['an unknown service', { gatehouse: { ...ORDERS, service: 'removed' } }, 'no service "removed"'],
    [
      'a service of another type',
      { gatehouse: { ...ORDERS, type: 'npm' } },
      'has type http, and had type npm',
    ],
    [
      'a claim that is not recorded',
      { gatehouse: { ...ORDERS, claims: { project_id: '20' } } },
      'the claim "ref"',
    ],
    [
      'more operations than the event contains',
      {
        gatehouse: {
          ...ORDERS,
          service: 'registry',
          type: 'oci',
          operations: [{ scope: 'read_registry', resource: 'acme/payments' }],
          operations_total: 30,
        },
      },
      'the first operations only',
    ],
  ] as const)('not evaluated: %s', (_name, parts, detail) => {
    expect(replay(parts)).toEqual({
      kind: 'not-evaluated',
      detail: expect.stringContaining(detail) as string,
    });
  });
});
