/** Access tokens are authorized by the current policy, on every replica with the same key. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { freePort } from '../support/free-port.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-restart-'));
let issuer: TestIssuer;
let upstream: RecordingUpstream;
let port: number;

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([startIssuer(), startRecordingUpstream()]);
  port = await freePort();
});
afterAll(async () => {
  await Promise.all([issuer.close(), upstream.close()]);
  rmSync(folder, { recursive: true, force: true });
});

const GRANT = '{ service: registry, scopes: [read_registry], resources: ["acme/**"] }';

function start(
  options: { match?: string; grants?: string; issuers?: string; state?: string } = {},
): Promise<TestGateway> {
  const {
    match = 'project_id: "20"',
    grants = GRANT,
    issuers = '[gitlab, other]',
    state = 'one.db',
  } = options;
  return startGateway(
    `
state: { sqlite: { file: ${join(folder, state)} } }
issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
  other: { type: oidc, issuer: "https://other.example.com", jwksUri: "${issuer.jwksUri}" }
identities:
  ci: { issuer: gitlab, match: { ${match} }, grants: [${grants}] }
services:
  registry: { type: oci, issuers: ${issuers}, upstream: { url: "${upstream.url}" } }
`,
    {
      server: `server: { listen: "127.0.0.1:${port}", publicUrl: "https://gateway.example.com", admin: { listen: "127.0.0.1:0" } }\n`,
    },
  );
}

let minted: string;

async function use(gateway: TestGateway): Promise<string> {
  const response = await fetch(`${gateway.url}/v2/acme/api/tags/list`, {
    headers: { authorization: `Bearer ${minted}` },
  });
  const body = await response.text();
  return `${response.status} ${/\((\w+), request id/.exec(body)?.[1] ?? body}`;
}

async function within(
  options: Parameters<typeof start>[0],
  work: (gateway: TestGateway) => Promise<void>,
): Promise<void> {
  const gateway = await start(options);
  try {
    await work(gateway);
  } finally {
    await gateway.close();
  }
}

test('the same key and policy: good after a restart', async () => {
  await within({}, async (gateway) => {
    const query = `service=127.0.0.1:${port}&scope=repository:acme/api:pull`;
    const basic = Buffer.from(`ci:${issuer.mint()}`).toString('base64');
    const response = await fetch(`${gateway.url}/token?${query}`, {
      headers: { authorization: `Basic ${basic}` },
    });
    ({ token: minted } = (await response.json()) as { token: string });
    expect(await use(gateway)).toBe('200 ok');
  });
  await within({}, async (gateway) => expect(await use(gateway)).toBe('200 ok'));
});

test.each([
  ['its identity has lost the grant', { grants: '' }, '403 scope_not_granted'],
  ['its identity matches others now', { match: 'project_id: "21"' }, '403 no_matching_identity'],
  [
    'a claim is asked for that it does not repeat',
    { match: 'project_id: "20", ref: main' },
    '403 no_matching_identity',
  ],
  ['its issuer is none of this service any more', { issuers: '[other]' }, '401 issuer_unknown'],
  ['another key', { state: 'two.db' }, '401 signature_invalid'],
])('%s', async (_what, options, answer) => {
  await within(options, async (gateway) => expect(await use(gateway)).toBe(answer));
});
