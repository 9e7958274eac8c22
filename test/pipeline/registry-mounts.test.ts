/** Mounts of blobs with registry tokens: a challenge where a new token is sufficient, an upload where it is not. */
import { describe, expect, test } from 'vitest';
import { useRecordedScenario, requestLines } from '../support/scenario/recorded.ts';
import { createTokenClient, type TokenClient } from '../support/token-client.ts';
import type { RawResponse } from '../support/raw-client.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const HOST = 'registry.example.com';
const UPLOADS = '/v2/acme/payments/a/blobs/uploads/';
const TARGET = 'repository:acme/payments/a:pull,push';
const SOURCE = 'repository:acme/payments/b:pull';

const scenario = useRecordedScenario({
  host: HOST,
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: registry, scopes: [read_registry, write_registry], resources: ["acme/payments/**"] }
      - { service: registry, scopes: [read_registry], resources: ["team/**"] }
      - { service: team, scopes: [write_registry], resources: ["team/**"] }
      - { service: login, scopes: [read_registry, write_registry], resources: ["acme/payments/**"] }
services:
  registry: { type: oci, upstream: { url: "${upstream.url}" } }
  team: { type: oci, repositoryPrefix: team/, upstream: { url: "${upstream.url}" } }
  login: { type: oci, hosts: [login.example.com], challenge: basic, upstream: { url: "${upstream.url}" } }
`,
});

const client = (host = HOST): TokenClient => createTokenClient(scenario.gateway.port, host);

/** A registry token for these scopes, from a login with this password. */
async function registryToken(scopes: readonly string[], password = scenario.token): Promise<string> {
  const response = await client().login(password, scopes);
  expect(response.status).toBe(200);
  return (JSON.parse(response.body) as { token: string }).token;
}

function mount(token: string, from: string, uploads = UPLOADS): Promise<RawResponse> {
  return client().use(token, `POST ${uploads}?mount=${DIGEST}&from=${from}`);
}

const MOUNTED = `POST ${UPLOADS}?mount=${DIGEST}&from=acme%2Fpayments%2Fb HTTP/1.1`;
const UPLOADED = `POST ${UPLOADS} HTTP/1.1`;

describe('a token without the source', () => {
  test('gets a challenge with both scopes, and a token for them mounts', async () => {
    const response = await mount(await registryToken([TARGET]), 'acme/payments/b');
    expect(response.status).toBe(401);
    const challenge = response.headers.get('www-authenticate')?.replace(/error_description="[^"]+",/, '');
    expect(challenge).toBe(
      `Bearer realm="https://${HOST}/token",service="${HOST}",scope="${TARGET} ${SOURCE}",error="insufficient_scope"`,
    );
    expect((await scenario.audited(response)).event.reason).toBe('insufficient_scope');
    expect(scenario.upstream.bytes()).toBe('');
    expect((await mount(await registryToken([TARGET, SOURCE]), 'acme/payments/b')).status).toBe(200);
    expect(requestLines(scenario.upstream)).toEqual([MOUNTED]);
  });

  test('is an upload if policy does not grant the source', async () => {
    const scopes = [TARGET, 'repository:acme/secret:pull'];
    expect((await mount(await registryToken(scopes), 'acme/secret')).status).toBe(200);
    expect(requestLines(scenario.upstream)).toEqual([UPLOADED]);
  });

  test('is an upload if the source is a repository of another service of the host', async () => {
    const scopes = [TARGET, 'repository:team/base:pull'];
    expect((await mount(await registryToken(scopes), 'team/base')).status).toBe(200);
    expect(requestLines(scenario.upstream)).toEqual([UPLOADED]);
  });

  test('is an upload if the password is a token without the source', async () => {
    const password = await registryToken([TARGET]);
    const token = await registryToken([TARGET, SOURCE], password);
    expect((await mount(token, 'acme/payments/b')).status).toBe(200);
    expect(requestLines(scenario.upstream)).toEqual([UPLOADED]);
  });

  test('is an upload if the limits of the password are too long for a token', async () => {
    const others = Array.from({ length: 60 }, (_, index) => `repository:acme/payments/other-${index}:pull`);
    const password = await registryToken([TARGET, SOURCE, ...others]);
    expect((await mount(await registryToken([TARGET], password), 'acme/payments/b')).status).toBe(200);
    expect(requestLines(scenario.upstream)).toEqual([UPLOADED]);
  });

  test.each<[string, () => Promise<string>]>([
    ['names both repositories', () => registryToken([TARGET, SOURCE])],
    ['is limited to the scopes only', () => exchanged('read_registry write_registry')],
    ['has no limits', () => exchanged()],
  ])('gets a challenge if the password is a token that %s', async (_which, passwordOf) => {
    const password = await passwordOf();
    const response = await mount(await registryToken([TARGET], password), 'acme/payments/b');
    expect(response.headers.get('www-authenticate')).toContain(`scope="${TARGET} ${SOURCE}"`);
    expect((await mount(await registryToken([TARGET, SOURCE], password), 'acme/payments/b')).status).toBe(
      200,
    );
    expect(requestLines(scenario.upstream)).toEqual([MOUNTED]);
  });

  test('gets a challenge for the target only if a new token can have the target only', async () => {
    const password = await registryToken([TARGET]);
    const token = await registryToken(['repository:acme/payments/a:pull'], password);
    const response = await mount(token, 'acme/payments/b');
    expect(response.headers.get('www-authenticate')).toContain(
      `scope="${TARGET}",error="insufficient_scope"`,
    );
  });
});

test('a service without a token endpoint in its challenge uploads', async () => {
  const login = client('login.example.com');
  const password = (JSON.parse((await login.login(scenario.token, [TARGET])).body) as { token: string })
    .token;
  const response = await login.use(password, `POST ${UPLOADS}?mount=${DIGEST}&from=acme/payments/b`);
  expect(response.status).toBe(200);
  expect(requestLines(scenario.upstream)).toEqual([UPLOADED]);
});

async function exchanged(scope?: string): Promise<string> {
  const response = await client().exchange(scenario.token, scope === undefined ? {} : { scope });
  expect(response.status).toBe(200);
  return (JSON.parse(response.body) as { access_token: string }).access_token;
}
