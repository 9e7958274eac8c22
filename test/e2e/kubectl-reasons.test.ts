/** kubectl through the gateway, over TLS and with a token: it prints the reason of a refusal. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority } from '../support/certificates.ts';
import { kubectlBinary } from '../support/helm.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startIssuer } from '../support/issuer.ts';
import { startScenario, type Scenario } from '../support/scenario.ts';

type Backends = {
  readonly issuer: Awaited<ReturnType<typeof startIssuer>>;
  readonly upstream: Awaited<ReturnType<typeof startHttpUpstream>>;
};

const POD = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'web', namespace: 'default' },
  spec: { containers: [{ name: 'web', image: 'web' }] },
  status: { phase: 'Running' },
};

const DISCOVERY: Readonly<Record<string, object>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [{ name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get'] }],
  },
};

let scenario: Scenario<Backends>;
let binary: string;
const upgrades: string[] = [];
beforeAll(async () => {
  const authority = createAuthority('kubectl test');
  const { cert, key } = authority.issue('IP:127.0.0.1');
  binary = await kubectlBinary();
  scenario = await startScenario<Backends>({
    backends: {
      issuer: () => startIssuer(),
      upstream: () =>
        startHttpUpstream((req, res) => {
          if (req.headers.upgrade !== undefined) upgrades.push(req.headers.upgrade);
          const document = DISCOVERY[req.url?.split('?')[0] ?? ''] ?? POD;
          res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
        }),
    },
    files: { 'tls.crt': cert, 'tls.key': key },
    server: { more: ['tls: { certFile: tls.crt, keyFile: tls.key }'] },
    token: ({ issuer }) => issuer.mint(),
    config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - service: cluster
        scopes: [read_api, write_api]
        resources: ["/api", "/apis", "/api/v1", "/api/v1/namespaces/default/**"]
services:
  cluster: { type: http, upstream: { url: "${upstream.url}/" } }
  closed: { type: http, path: /closed/, upstream: { url: "${upstream.url}/" } }
`,
  });
  writeFileSync(join(scenario.gateway.folder, 'ca.crt'), authority.certificate);
});
afterAll(() => scenario.close());

function kubectl(...args: readonly string[]): Promise<{ readonly code: unknown; readonly stderr: string }> {
  const { gateway, token } = scenario;
  const server = [
    `--server=https://127.0.0.1:${gateway.port}`,
    `--certificate-authority=${join(gateway.folder, 'ca.crt')}`,
    `--token=${token}`,
  ];
  return new Promise((resolve) => {
    execFile(
      binary,
      ['--kubeconfig=/dev/null', ...server, ...args],
      { env: { HOME: gateway.folder } },
      (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }),
    );
  });
}

test.each([
  ['a path without a grant', ['get', '--raw', '/api/v1/namespaces/kube-system/pods']],
  ['a write', ['delete', '--raw', '/api/v1/namespaces/kube-system/pods/x']],
])('%s', async (_which, args) => {
  const { code, stderr } = await kubectl(...args);
  expect({ code, stderr }).toExitWith(1);
  expect(stderr).toContain('Forbidden');
  expect(stderr).toMatch(/but not for this resource.*\(resource_not_granted, request id [^)]+\)/);
});

test('the discovery of resources', async () => {
  const { stderr } = await kubectl(
    'get',
    'pods',
    `--server=https://127.0.0.1:${scenario.gateway.port}/closed`,
  );
  expect(stderr).toMatch(
    /Error from server \(Forbidden\): Your identity "ci" does not have the scope "read_api".*\(scope_not_granted/,
  );
});

test('a token that is not accepted', async () => {
  const { stderr } = await kubectl('get', '--raw', '/api/v1/pods', '--token=nonsense');
  expect(stderr).toContain('credential_');
});

test('exec: the refused WebSocket ends in an error that names SPDY and the scope', async () => {
  const { code, stderr } = await kubectl('exec', 'web', '--', 'ls');
  expect({ code, stderr }).not.toExitWith(0);
  expect(stderr).toContain('SPDY');
  expect(stderr).toContain('scope "websocket"');
  expect(upgrades).toEqual([]);
});
