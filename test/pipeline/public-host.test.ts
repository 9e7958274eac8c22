/** The built-in endpoints on the host of `server.publicUrl`, where a service lists this host in `hosts`. */
import { expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

const HOST = 'gateway.example.com';

const scenario = useScenario({
  backends: { gitlab: () => startIssuer(), upstream: () => startRecordingUpstream() },
  config: ({ gitlab, upstream }) => `
issuers:
  gitlab: { type: gitlab, issuer: "${gitlab.url}" }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: registry, scopes: [read_registry], resources: ["acme/**"] }
      - { service: jwks, scopes: [read_api], resources: ["/**"] }
services:
  registry: { type: oci, hosts: [${HOST}, registry.example.com], upstream: { url: "${upstream.url}" } }
  jwks: { type: http, hosts: [${HOST}], path: /.well-known/, upstream: { url: "${upstream.url}/" } }
  open: { type: http, path: /open/, upstream: { url: "${upstream.url}/" } }
`,
  token: ({ gitlab }) => gitlab.mint(),
});

test('describe the credential, as each refusal says', async () => {
  const refused = await scenario.respond('GET /v2/other/app/manifests/1');
  expect(refused.status).toBe(403);
  expect(refused.body.toString()).toContain(`https://${HOST}/v1/users/me`);
  const described = await scenario.respond('GET /v1/users/me');
  expect(described.status).toBe(200);
  expect(JSON.parse(described.body.toString())).toMatchObject({ identity: 'payments' });
});

test('list the services, and exchange tokens', async () => {
  const services = await scenario.respond('GET /v1/users/me/services');
  expect(services.status).toBe(200);
  const exchanged = await scenario.respond('POST /oauth/token', [
    'Content-Type: application/x-www-form-urlencoded',
    'Content-Length: 0',
  ]);
  expect(exchanged.status).toBe(400);
  expect(JSON.parse(exchanged.body.toString())).toMatchObject({ error: 'invalid_request' });
});

test('leave the paths of a service to the service', async () => {
  const response = await scenario.respond('GET /.well-known/oauth-authorization-server');
  expect(response.status).toBe(200);
  expect(scenario.upstream.requests().at(-1)?.requestLine).toContain('/oauth-authorization-server');
});

test.each([
  ['registry.example.com', '/v1/users/me'],
  [HOST, '/open/x'],
])('%s%s: no service', async (host, path) => {
  const [response] = await scenario.send(scenario.request(`GET ${path}`, ['Connection: close'], '', host));
  expect(response?.status).toBe(404);
});
