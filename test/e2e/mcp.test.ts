/** The official MCP client finds its way from a 401 to a token, and calls a tool of an MCP server behind the gateway. */
import { hash } from 'node:crypto';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { ClientCredentialsProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { startIssuer } from '../support/issuer.ts';
import { startMcpServer } from '../support/mcp-server.ts';
import { useScenario } from '../support/scenario.ts';

const SECRET = `ghdt_edge_${'7'.repeat(64)}`;
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

let publicUrl: string;
let port: number;
beforeAll(async () => {
  port = await freePort();
  publicUrl = `http://127.0.0.1:${port}`;
});

const scenario = useScenario({
  backends: { issuer: () => startIssuer({ audience: 'mcp' }), mcp: () => startMcpServer() },
  get server() {
    return `server: { listen: "127.0.0.1:${port}", publicUrl: "${publicUrl}", admin: { listen: "127.0.0.1:0" }, limits: { drain: 500ms } }\n`;
  },
  config: ({ issuer, mcp }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}", audiences: [mcp] } }
identities:
  agent:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: tools, scopes: [read_api, write_api], resources: ["**"] }
      - { service: releases, scopes: [read_api, write_api], resources: ["**"] }
  reader:
    issuer: gitlab
    match: { project_id: "30" }
    grants: [{ service: tools, scopes: [read_api], resources: ["**"] }]
deployTokens:
  edge:
    username: edge
    secretHash: "sha256:${hash('sha256', SECRET)}"
    grants: [{ service: tools, scopes: [read_api, write_api], resources: ["**"] }]
services:
  tools: { type: http, path: /tools/, upstream: { url: "${mcp.url}/" } }
  releases: { type: http, path: /mcp/, upstream: { url: "${mcp.url}/mcp/" } }
  other: { type: http, path: /other/, upstream: { url: "${mcp.url}/" } }
`,
});

type Tokens = Awaited<ReturnType<OAuthClientProvider['tokens']>>;

/** A provider for jobs and agents as in docs/guides/mcp.md: an ID token is the assertion of RFC 7523. */
function idTokenProvider(claims: object = {}, issuer = publicUrl): OAuthClientProvider {
  let tokens: Tokens;
  return {
    redirectUrl: undefined,
    clientMetadata: { redirect_uris: [], grant_types: [JWT_BEARER] },
    clientInformation: () => ({ client_id: 'agent', issuer }),
    tokens: () => tokens,
    saveTokens: (issued) => void (tokens = issued),
    prepareTokenRequest: () =>
      new URLSearchParams({ grant_type: JWT_BEARER, assertion: scenario.issuer.mint({ ...claims }) }),
    redirectToAuthorization: () => undefined,
    saveCodeVerifier: () => undefined,
    codeVerifier: () => '',
  };
}

async function connect(path: string, authProvider: OAuthClientProvider): Promise<Client> {
  const client = new Client({ name: 'agent', version: '1.0.0' });
  const transport = new StreamableHTTPClientTransport(new URL(`${publicUrl}${path}`), { authProvider });
  onTestFinished(() => client.close());
  await client.connect(transport);
  return client;
}

const deploy = (client: Client): Promise<unknown> => client.callTool({ name: 'deploy' });
const DEPLOYED = { content: [{ text: 'deployed' }] };

function payloadOf(tokens: Tokens): unknown {
  const [, payload = ''] = tokens?.access_token.split('.') ?? [];
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
}

test.each([
  ['/tools/mcp', 'tools'],
  ['/mcp', 'releases'],
  ['/mcp/', 'releases'],
])('an ID token: from the 401 of %s to a tool, with a token for this service', async (path, service) => {
  const provider = idTokenProvider();
  const client = await connect(path, provider);
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(['deploy']);
  expect(await deploy(client)).toMatchObject(DEPLOYED);
  expect(payloadOf(await provider.tokens())).toMatchObject({ aud: `urn:gatehouse:service:${service}` });
  expect(scenario.mcp.requests.join('\n')).not.toContain('Bearer');
});

test('a deploy token: the client credentials of the SDK', async () => {
  const provider = new ClientCredentialsProvider({
    clientId: 'edge',
    clientSecret: SECRET,
    expectedIssuer: publicUrl,
  });
  expect(await deploy(await connect('/tools/mcp', provider))).toMatchObject(DEPLOYED);
});

test('a token that is no longer valid is replaced during the session', async () => {
  const provider = idTokenProvider();
  const client = await connect('/tools/mcp', provider);
  const first = (await provider.tokens())?.access_token ?? '';
  await fetch(`${publicUrl}/oauth/revoke`, { method: 'POST', body: new URLSearchParams({ token: first }) });
  expect(await deploy(client)).toMatchObject(DEPLOYED);
  expect((await provider.tokens())?.access_token).not.toBe(first);
});

test.each<readonly [string, string, () => OAuthClientProvider, object]>([
  ['no grant on the service', '/other/mcp', () => idTokenProvider(), { message: /no access to a service/ }],
  [
    'no matching identity',
    '/tools/mcp',
    () => idTokenProvider({ project_id: '9' }),
    { message: /not accepted/ },
  ],
  ['no grant of write_api', '/tools/mcp', () => idTokenProvider({ project_id: '30' }), { code: 403 }],
])(
  '%s: the client reports the refusal, and the server receives nothing',
  async (_case, path, provider, error) => {
    const before = scenario.mcp.requests.length;
    const refused: unknown = await connect(path, provider()).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject(
      'message' in error ? { message: expect.stringMatching(error.message as RegExp) } : error,
    );
    expect(scenario.mcp.requests.length).toBe(before);
  },
);

test('a client of another authorization server sends its credential nowhere', async () => {
  const provider = idTokenProvider({}, 'https://issuer.example.com');
  const refused = connect('/tools/mcp', provider);
  await expect(refused).rejects.toThrow('bound to authorization server https://issuer.example.com');
});
