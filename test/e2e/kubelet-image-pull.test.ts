/** Image pulls with tokens of service accounts (KEP-4412): the credential provider, and `/token`. */
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createContainerClients, type ContainerClients } from '../support/container-clients.ts';
import {
  createCredentialProvider,
  providerRequest,
  type CredentialProvider,
} from '../support/credential-provider.ts';
import { snippet } from '../support/docs.ts';
import { writeImage } from '../support/image.ts';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { readText } from '../support/repository.ts';
import { useScenario } from '../support/scenario.ts';

/** Clients request tokens from the realm, which has the scheme of the public URL. */
const PUBLIC_URL = 'http://gateway.example.com';

const SERVICE_ACCOUNT = {
  namespace: 'payments',
  serviceaccount: { name: 'api', uid: '7b2e' },
  pod: { name: 'api-0', uid: '1c3d' },
};

const SECRET = `ghdt_cluster-pull_${'7'.repeat(64)}`;
const EXAMPLE = 'examples/kubernetes-image-pulls/credential-providers.yaml';

interface Login {
  readonly username: string;
  readonly password: string;
}

/** The provider in the configuration of the kubelet. */
function configured(): { readonly args: readonly string[] } {
  const { providers } = parse(readText(EXAMPLE)) as { providers: [{ args: string[] }] };
  return providers[0];
}

needs('dash', 'docker-registry', 'skopeo').describe('a kubelet', () => {
  let folder: string;
  let provider: CredentialProvider;
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
deployTokens:
  cluster-pull:
    username: cluster-pull
    secretHash: "sha256:${hash('sha256', SECRET)}"
    grants: [{ service: registry, scopes: [read_registry], resources: ["payments/**"] }]
services:
  registry: { type: oci, upstream: { url: "${registry.url}" } }
`,
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-kubelet-'));
    clients = createContainerClients();
    provider = createCredentialProvider('dash');
    const image = writeImage(folder, 'pulled by a kubelet');
    for (const name of ['payments/api', 'other/api']) {
      const copied = await clients.skopeo(
        'copy',
        '--dest-tls-verify=false',
        image,
        `docker://${scenario.registry.host}/${name}:1`,
      );
      expect(copied).toExitWith(0);
    }
  }, 60_000);
  afterAll(() => {
    clients.close();
    provider.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const host = (): string => `127.0.0.1:${scenario.gateway.port}`;
  const mint = (account: object = SERVICE_ACCOUNT, claims: object = {}): string =>
    scenario.issuer.mint({ 'kubernetes.io': account, ...claims });

  /** The login that the provider returns for this token, with the arguments of the documented configuration. */
  function provided(serviceAccountToken: string): Login {
    const request = providerRequest({ image: `${host()}/payments/api:1`, serviceAccountToken });
    const hosts = configured().args.map((each) => each.replace('registry.example.com', host()));
    const { status, stdout, stderr } = provider.run(request, hosts);
    expect(status, stderr).toBe(0);
    return (JSON.parse(stdout) as { auth: Record<string, Login> }).auth[host()] ?? expect.fail(stdout);
  }

  /** containerd requests a token with POST first (RFC 6749 §4.3 in the registry token specification). */
  function requestToken(method: 'GET' | 'POST', login: Login, repository: string): Promise<Response> {
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

  /** Pulls with the content of a Secret of type kubernetes.io/dockerconfigjson. */
  function pull(name: string, { username, password }: Login) {
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    const file = join(folder, 'config.json');
    writeFileSync(file, JSON.stringify({ auths: { [host()]: { auth } } }));
    return clients.skopeo(
      'copy',
      '--src-tls-verify=false',
      `--src-authfile=${file}`,
      `docker://${host()}/${name}:1`,
      `dir:${join(folder, 'pulled')}`,
    );
  }

  test.each<readonly [string, () => Login]>([
    ['the provider', () => provided(mint())],
    ['imagePullSecrets', () => ({ username: 'cluster-pull', password: SECRET })],
  ])('pulls with the login of %s, and nothing else', async (_source, login) => {
    const pulled = await pull('payments/api', login());
    expect(pulled).toExitWith(0);
    expect(await pull('other/api', login())).not.toExitWith(0);
  });

  test('the guide and the example have the same configuration of the kubelet', () => {
    const page = snippet('docs/guides/kubernetes-image-pulls.md', 'Nodes', 'credential-providers.yaml');
    expect(parse(page)).toEqual(parse(readText(EXAMPLE)));
    expect(configured()).toMatchObject({
      matchImages: configured().args,
      tokenAttributes: { cacheType: 'Token' },
    });
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
