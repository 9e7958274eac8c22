/** Image pulls with tokens of service accounts (KEP-4412): the documented credential provider, and `/token`. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createContainerClients, type ContainerClients } from '../support/container-clients.ts';
import { snippet } from '../support/docs.ts';
import { writeImage } from '../support/image.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { useScenario } from '../support/scenario.ts';

/** Clients request tokens from the realm, which has the scheme of the public URL. */
const PUBLIC_URL = 'http://gateway.example.com';

const SERVICE_ACCOUNT = {
  namespace: 'payments',
  serviceaccount: { name: 'api', uid: '7b2e' },
  pod: { name: 'api-0', uid: '1c3d' },
};

needs('docker-registry', 'jq', 'skopeo').describe('a kubelet', () => {
  let folder: string;
  let clients: ContainerClients;
  const scenario = useScenario({
    backends: {
      issuer: () => startIssuer({ type: 'kubernetes', audience: PUBLIC_URL }),
      registry: () => startRegistry(),
    },
    server: { publicUrl: PUBLIC_URL },
    config: ({ issuer, registry }) => `
issuers: { cluster: { type: kubernetes, issuer: "${issuer.url}", maxTokenLifetime: 1h } }
identities:
  payments-pull:
    issuer: cluster
    match: { /kubernetes.io/namespace: payments, /kubernetes.io/serviceaccount/name: api }
    grants: [{ service: registry, scopes: [read_registry], resources: ["payments/**"] }]
services:
  registry: { type: oci, upstream: { url: "${registry.url}" } }
`,
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-kubelet-'));
    clients = createContainerClients();
    const image = writeImage(folder, 'pulled by a kubelet');
    for (const name of ['payments/api', 'other/api']) {
      const copied = await clients.skopeo(
        'copy',
        '--dest-tls-verify=false',
        image,
        `docker://${scenario.registry.host}/${name}:1`,
      );
      expect(copied, copied.stderr).toMatchObject({ code: 0 });
    }
  }, 60_000);
  afterAll(() => {
    clients.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const host = (): string => `127.0.0.1:${scenario.gateway.port}`;
  const mint = (account: object = SERVICE_ACCOUNT, claims: object = {}): string =>
    scenario.issuer.mint({ 'kubernetes.io': account, ...claims });

  /** The login that the documented provider returns for this token. */
  function provided(token: string): { readonly username: string; readonly password: string } {
    const provider = join(folder, 'gatehouse-credential-provider');
    const script = snippet('docs/guides/ci/kubernetes.md', 'Image pulls', 'gatehouse-credential-provider');
    writeFileSync(provider, script.replace('registry.example.com', host()));
    chmodSync(provider, 0o755);
    const request = {
      kind: 'CredentialProviderRequest',
      apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      image: `${host()}/payments/api:1`,
      serviceAccountToken: token,
      serviceAccountAnnotations: {},
    };
    const { status, stdout } = spawnSync(provider, { input: JSON.stringify(request), encoding: 'utf8' });
    expect(status).toBe(0);
    const response = JSON.parse(stdout) as Record<string, unknown>;
    expect(response).toMatchObject({
      kind: 'CredentialProviderResponse',
      cacheKeyType: 'Registry',
      cacheDuration: '0s',
    });
    return (
      (response['auth'] as Record<string, { username: string; password: string }>)[host()] ?? {
        username: '',
        password: '',
      }
    );
  }

  /** containerd requests a token with POST first (RFC 6749 §4.3 in the registry token specification). */
  function requestToken(
    method: 'GET' | 'POST',
    login: ReturnType<typeof provided>,
    repository: string,
  ): Promise<Response> {
    const parameters = new URLSearchParams({ service: host(), scope: `repository:${repository}:pull` });
    if (method === 'GET') {
      const basic = Buffer.from(`${login.username}:${login.password}`).toString('base64');
      return fetch(`${scenario.gateway.url}/token?${parameters.toString()}`, {
        headers: { Authorization: `Basic ${basic}` },
      });
    }
    for (const [name, value] of Object.entries({
      grant_type: 'password',
      client_id: 'containerd-client',
      ...login,
    }))
      parameters.set(name, value);
    return fetch(`${scenario.gateway.url}/token`, { method: 'POST', body: parameters });
  }

  test.each(['POST', 'GET'] as const)('exchanges the token of a pod by %s, and pulls', async (method) => {
    const response = await requestToken(method, provided(mint()), 'payments/api');
    expect(response.status).toBe(200);
    const { access_token: token = '' } = (await response.json()) as { access_token?: string };
    const manifest = await fetch(`${scenario.gateway.url}/v2/payments/api/manifests/1`, {
      headers: { Authorization: `Bearer ${token}`, Accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    expect(manifest.status).toBe(200);
  });

  test('pulls with the login of the provider, and nothing else', async () => {
    const { username, password } = provided(mint());
    const pull = (name: string) =>
      clients.skopeo(
        'copy',
        '--src-tls-verify=false',
        '--src-creds',
        `${username}:${password}`,
        `docker://${host()}/${name}:1`,
        `dir:${join(folder, 'pulled')}`,
      );
    const pulled = await pull('payments/api');
    expect(pulled, pulled.stderr).toMatchObject({ code: 0 });
    expect((await pull('other/api')).code).not.toBe(0);
  });

  test.each([
    ['another namespace', 'no_matching_identity', () => mint({ ...SERVICE_ACCOUNT, namespace: 'other' })],
    [
      'the audience of the API server',
      'audience_mismatch',
      () => mint(SERVICE_ACCOUNT, { aud: ['https://kubernetes.default.svc'] }),
    ],
    [
      'a lifetime of a year',
      'credential_invalid',
      () => mint(SERVICE_ACCOUNT, { exp: Math.floor(Date.now() / 1000) + 365 * 86_400 }),
    ],
  ])('a token with %s is refused: %s', async (_what, reason, token) => {
    const response = await requestToken('POST', provided(token()), 'payments/api');
    expect([response.status, await response.text()]).toEqual([401, expect.stringContaining(reason)]);
  });
});
