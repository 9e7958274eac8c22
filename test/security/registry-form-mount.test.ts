/** R1: a registry also reads the mount parameters from a form in the body (Go's `Request.FormValue`). */
import { hash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { startIssuer } from '../support/issuer.ts';
import { needs } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { startScenario, type Scenario } from '../support/scenario.ts';

const SECRET = 'the content of another repository';
const DIGEST = `sha256:${hash('sha256', SECRET)}`;
const HOST = 'registry.example.com';
const UPLOADS = '/v2/acme/payments/a/blobs/uploads/';

needs('docker-registry').describe('a form in the body of a registry request', () => {
  let scenario: Scenario<{
    issuer: Awaited<ReturnType<typeof startIssuer>>;
    registry: Awaited<ReturnType<typeof startRegistry>>;
  }>;

  beforeAll(async () => {
    scenario = await startScenario({
      host: HOST,
      backends: { issuer: () => startIssuer(), registry: () => startRegistry() },
      token: ({ issuer }) => issuer.mint({ project_id: '20' }),
      config: ({ issuer, registry }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants:
      - { service: registry, scopes: [read_registry, write_registry], resources: ["acme/payments/**"] }
services:
  registry: { type: oci, upstream: { url: "${registry.url}" } }
`,
    });
    const upload = await fetch(`${scenario.registry.url}/v2/acme/secret/blobs/uploads/`, { method: 'POST' });
    const location = new URL(upload.headers.get('location') ?? '');
    location.searchParams.set('digest', DIGEST);
    expect((await fetch(location, { method: 'PUT', body: SECRET })).status).toBe(201);
    return () => scenario.close();
  });

  const form = `mount=${DIGEST}&from=acme%2Fsecret`;
  const multipart = [
    ...[`mount`, `from`].flatMap((name) => [
      '--b',
      `Content-Disposition: form-data; name="${name}"`,
      '',
      name === 'mount' ? DIGEST : 'acme/secret',
    ]),
    '--b--',
    '',
  ].join('\r\n');

  test.each([
    ['application/x-www-form-urlencoded', form, UPLOADS],
    ['multipart/form-data; boundary=b', multipart, UPLOADS],
    ['Application/X-WWW-Form-Urlencoded;charset=utf-8', form, UPLOADS],
    ['application/x-www-form-urlencoded', form, `${UPLOADS}?mount=${DIGEST}&from=acme/payments/b`],
  ])('%s cannot mount from a repository that is not granted', async (type, body, target) => {
    const headers = [`Content-Type: ${type}`, `Content-Length: ${body.length}`];
    const response = await scenario.respond(`POST ${target}`, headers, body);
    const blob = await scenario.respond(`GET /v2/acme/payments/a/blobs/${DIGEST}`);
    expect(blob.body).not.toContain(SECRET);
    expect(response.status).toBe(400);
  });
});
