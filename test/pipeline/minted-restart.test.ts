/** Access tokens are authorized by the current policy, on every replica with the same key. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useStarted } from '../support/use-started.ts';

const folder = temporaryFolder('restart');
const issuer = useStarted(() => startIssuer());
const upstream = useStarted(() => startRecordingUpstream());
let port: number;

beforeAll(async () => {
  port = await freePort();
});
afterAll(() => folder.close());

const GRANT = '{ service: registry, scopes: [read_registry], resources: ["acme/**"] }';

function start(options: { match?: string; grants?: string; issuers?: string; state?: string } = {}) {
  const {
    match = 'project_id: "20"',
    grants = GRANT,
    issuers = '[gitlab, other]',
    state = 'one.db',
  } = options;
  return startScenario({
    backends: { issuer, upstream },
    config: () => `
state: { sqlite: { file: ${join(folder.path, state)} } }
issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
  other: { type: oidc, issuer: "https://other.example.com", jwksUri: "${issuer.jwksUri}" }
identities:
  ci: { issuer: gitlab, match: { ${match} }, grants: [${grants}] }
services:
  registry: { type: oci, issuers: ${issuers}, upstream: { url: "${upstream.url}" } }
`,
    server: `server: { listen: "127.0.0.1:${port}", publicUrl: "https://gateway.example.com", admin: { listen: "127.0.0.1:0" } }\n`,
  });
}

type Started = Awaited<ReturnType<typeof start>>;

let minted: string;

async function use({ gateway }: Started): Promise<string> {
  const response = await fetch(`${gateway.url}/v2/acme/api/tags/list`, {
    headers: { authorization: `Bearer ${minted}` },
  });
  const body = await response.text();
  return `${response.status} ${/\((\w+), request id/.exec(body)?.[1] ?? body}`;
}

async function within(
  options: Parameters<typeof start>[0],
  work: (scenario: Started) => Promise<void>,
): Promise<void> {
  const scenario = await start(options);
  try {
    await work(scenario);
  } finally {
    await scenario.close();
  }
}

test('the same key and policy: good after a restart', async () => {
  await within({}, async (scenario) => {
    const query = `service=127.0.0.1:${port}&scope=repository:acme/api:pull`;
    const basic = Buffer.from(`ci:${issuer.mint()}`).toString('base64');
    const response = await fetch(`${scenario.gateway.url}/token?${query}`, {
      headers: { authorization: `Basic ${basic}` },
    });
    ({ token: minted } = (await response.json()) as { token: string });
    expect(await use(scenario)).toBe('200 ok');
  });
  await within({}, async (scenario) => expect(await use(scenario)).toBe('200 ok'));
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
  await within(options, async (scenario) => expect(await use(scenario)).toBe(answer));
});
