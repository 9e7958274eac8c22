/** oauth4webapi, which checks each document strictly, follows a 401 of a service to a token. */
import * as oauth from 'oauth4webapi';
import { beforeAll, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { startHttpUpstream } from '../support/http-upstream.ts';
import { startIssuer } from '../support/issuer.ts';
import { useScenario } from '../support/scenario.ts';

let port: number;
let publicUrl: string;
beforeAll(async () => {
  port = await freePort();
  publicUrl = `http://127.0.0.1:${port}`;
});

const scenario = useScenario({
  backends: {
    issuer: () => startIssuer(),
    upstream: () => startHttpUpstream((_request, response) => void response.end('here')),
  },
  get server() {
    return `server: { listen: "127.0.0.1:${port}", publicUrl: "${publicUrl}", admin: { listen: "127.0.0.1:0" }, limits: { drain: 500ms } }\n`;
  },
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: orders, scopes: [read_api], resources: ["**"] }
      - { service: site, scopes: [read_api], resources: ["**"] }
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
  site: { type: http, upstream: { url: "${upstream.url}/" } }
`,
});

const INSECURE = { [oauth.allowInsecureRequests]: true };
const CLIENT = { client_id: 'ci' };

/** The metadata of a resource, of its authorization server, and a token for the resource. */
async function obtainToken(resource: URL): Promise<string> {
  const { authorization_servers: servers = [] } = await oauth.processResourceDiscoveryResponse(
    resource,
    await oauth.resourceDiscoveryRequest(resource, INSECURE),
  );
  const issuer = new URL(servers[0] ?? '');
  const discovery = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...INSECURE });
  const server = await oauth.processDiscoveryResponse(issuer, discovery);
  const response = await oauth.genericTokenEndpointRequest(
    server,
    CLIENT,
    oauth.None(),
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    { assertion: scenario.issuer.mint({ aud: publicUrl }), resource: resource.href },
    INSECURE,
  );
  return (await oauth.processGenericTokenEndpointResponse(server, CLIENT, response)).access_token;
}

test.each(['/orders', '/orders/', '/'])('from the 401 of %s to a token', async (path) => {
  const url = new URL(`${publicUrl}${path}`);
  const target = new URL(`${publicUrl}${path.replace(/\/?$/, '/')}x`);
  const refused: unknown = await oauth
    .protectedResourceRequest('none', 'GET', target, undefined, undefined, INSECURE)
    .catch((error: unknown) => error);
  const [challenge] = (refused as oauth.WWWAuthenticateChallengeError).cause;
  expect(challenge).toMatchObject({ scheme: 'bearer', parameters: { scope: 'read_api' } });
  const token = await obtainToken(url);
  const response = await oauth.protectedResourceRequest(token, 'GET', target, undefined, undefined, INSECURE);
  expect(await response.text()).toBe('here');
});

test('the authorization server has no interactive grant', async () => {
  const response = await fetch(
    `${publicUrl}/oauth/authorize?response_type=code&redirect_uri=https://evil.example`,
    {
      redirect: 'manual',
    },
  );
  expect([response.status, response.headers.get('location')]).toEqual([400, null]);
  expect(await response.json()).toMatchObject({ error: 'unsupported_response_type' });
});
