/** Refusals of an upstream's token service: which requests they affect, and how often the credential is sent. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { FrozenClock } from '../support/authentication.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario, type Scenario } from '../support/scenario.ts';

interface TokenService {
  readonly url: string;
  /** Scopes of the requests, in their order. */
  readonly scopes: string[];
  close(): void;
}

type Parts = { issuer: TestIssuer; upstream: RecordingUpstream; tokens: TokenService };

async function startTokens(answer: (scope: string, response: ServerResponse) => void): Promise<TokenService> {
  const scopes: string[] = [];
  const server = createServer((request, response) => {
    const scope = new URL(request.url ?? '', 'http://tokens').searchParams.get('scope') ?? '';
    scopes.push(scope);
    answer(scope, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    scopes,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function start(tokens: () => Promise<TokenService>, clock: FrozenClock): Promise<Scenario<Parts>> {
  return startScenario<Parts>({
    host: 'registry.example.com',
    clock,
    backends: { issuer: () => startIssuer({ clock }), upstream: () => startRecordingUpstream(), tokens },
    token: ({ issuer }) => issuer.mint({ project_id: '20' }),
    config: ({ issuer, upstream, tokens: { url } }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: registry, scopes: [read_registry], resources: ["acme/**"] }]
services:
  registry:
    type: oci
    upstream: { url: "${upstream.url}", auth: { registryToken: { url: "${url}", service: s, username: u, password: p } } }
`,
  });
}

const manifest = (name: string): string => `GET /v2/acme/${name}/manifests/1`;

test('a denied scope does not affect requests for other repositories', async () => {
  const clock = new FrozenClock();
  const scenario = await start(
    () =>
      startTokens((scope, response) => {
        if (scope.includes('acme/denied')) response.writeHead(403).end('{"errors":[{"code":"DENIED"}]}');
        else response.writeHead(200).end('{"token":"t"}');
      }),
    clock,
  );
  expect(await scenario.statusOf(manifest('first'))).toBe(200);
  for (const name of ['a', 'b']) {
    expect(await scenario.statusOf(manifest(`denied-${name}`))).toBe(502);
    expect(await scenario.statusOf(manifest(name))).toBe(200);
  }
  const before = scenario.tokens.scopes.length;
  expect(await scenario.statusOf(manifest('denied-a'))).toBe(502);
  expect(scenario.tokens.scopes).toHaveLength(before);
  clock.advance(5_000);
  expect(await scenario.statusOf(manifest('denied-a'))).toBe(502);
  expect(scenario.tokens.scopes).toHaveLength(before + 1);
});

test('a rejected credential does not lead to a ban by GitLab: fewer than 30 failures in 3 minutes', async () => {
  const clock = new FrozenClock();
  const scenario = await start(() => startTokens((_, response) => response.writeHead(401).end()), clock);
  for (let second = 0; second < 180; second += 5) {
    expect(await scenario.statusOf(manifest(`n-${second}`))).toBe(502);
    clock.advance(5_000);
    // The list of revocations is stale until it is loaded again.
    await eventually('the list of revocations', async () => (await scenario.statusOf('GET /v2/')) === 200);
  }
  expect(scenario.tokens.scopes.length).toBeLessThan(10);
});
