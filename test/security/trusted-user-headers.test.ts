/** X2: headers that upstreams trust to identify the caller are set by the gateway only. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { TRUSTED_USER_HEADERS } from '../../src/core/headers/identity-headers.ts';
import { SERVICE_TYPES, useEveryType } from '../support/every-type.ts';
import { openConversation } from '../support/conversation.ts';
import { eventually } from '../support/eventually.ts';
import { startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';
import { rawResponse } from '../support/raw-client.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario({
    api: ['anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]'],
    services: `
nexus:
  type: http
  path: /nexus/
  upstream: { url: "UPSTREAM/" }
  identityHeaders:
    Remote-User: "{identity}"
    Remote-Groups: "{claims.groups}"
    X-Remote-User: "{claims.project_path}"
    X-WebAuth-User: "{identity}"
    X-Authenticated-User: "{identity}"
    X-Forwarded-User: "{identity}"
    X-SSO-User: "{identity}"
  anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]
shadowed: { type: http, path: /shadowed/, mode: shadow, upstream: { url: "UPSTREAM/" }, identityHeaders: { X-WebAuth-User: "{identity}" } }
`,
    identities: `
nexus-user: { issuer: gitlab, match: { project_id: "30" }, grants: [{ service: nexus, scopes: [read_api, websocket], resources: ["/**"] }] }
`,
  });
});
afterEach(async () => {
  scenario.reset();
  await scenario.expectAlive();
  scenario.reset();
});
afterAll(() => scenario.close());

/** Written out, so that a name that gets lost in the table is missed. */
const TRUSTED = [
  'Remote-User',
  'Remote-Groups',
  'Remote-Name',
  'Remote-Email',
  'X-Remote-User',
  'X-Remote-Group',
  'X-Remote-Extra-Scopes',
  'X-WebAuth-User',
  'X-WebAuth-Email',
  'X-WebAuth-Fullname',
  'X-Authenticated-User',
  'X-Authenticated-Userid',
  'X-Authenticated-Groups',
  'X-SSO-User',
  'X-Consumer-Username',
  'X-Userinfo',
  'X-authentik-username',
  'X-Vouch-User',
  'X-Pomerium-Jwt-Assertion',
  'X-Goog-Authenticated-User-Email',
  'X-Goog-IAP-JWT-Assertion',
  'X-MS-CLIENT-PRINCIPAL',
  'X-MS-CLIENT-PRINCIPAL-NAME',
  'X-Amzn-Oidc-Identity',
  'Cf-Access-Authenticated-User-Email',
  'Tailscale-User-Login',
  'OIDC_CLAIM_email',
  'X-Proxy-User',
  'X-Proxy-Roles',
  'Kubeflow-UserID',
  'X-ProxiedEntitiesChain',
  'X-RH-Identity',
  'Client-Cert',
  'SSL-Client-Verify',
  'SSL_CLIENT_S_DN',
  'X-SSL-Client-Cert',
  'X-Client-Cert',
  'X-Client-DN',
  'X-ARR-ClientCert',
] as const;

const NAMES: readonly string[] = [
  ...new Set([
    ...TRUSTED,
    ...TRUSTED_USER_HEADERS.flatMap(({ names }) => names.map((name) => name.replace('*', 'x-other'))),
  ]),
];

const SPELLINGS: readonly (readonly [string, (name: string) => string])[] = [
  ['as they are documented', (name) => name],
  ['in capitals', (name) => name.toUpperCase()],
  ['with underscores', (name) => name.replaceAll('-', '_')],
  ['with dots', (name) => name.replaceAll(/[-_]/g, '.')],
];

/** Requests of at most 100 headers, so that none is refused for their number; each name twice. */
function batches(spell: (name: string) => string): string[][] {
  const lines = NAMES.flatMap((name) => [`${spell(name)}: canary-root`, `${spell(name)}: canary-admin`]);
  return [lines.slice(0, 80), lines.slice(80, 160), lines.slice(160)].filter((batch) => batch.length > 0);
}

describe.each(SPELLINGS)('names %s', (_, spell) => {
  test.each([
    ['with a token', () => scenario.token, '/api/a'],
    ['on an anonymous route', () => undefined, '/api/open/a'],
    ['in shadow', () => scenario.token, '/shadowed/a'],
  ])('%s: removed', async (__, token, path) => {
    for (const lines of batches(spell)) {
      scenario.reset();
      const request = scenario.requestAs(token(), `GET ${path} HTTP/1.1`, [...lines, 'Connection: close']);
      const [answer] = await scenario.send(request);
      expect(answer?.status).toBe(200);
      expect(receivedBy(scenario.upstream).head).not.toMatch(/canary-(root|admin)/);
    }
  });

  test('set by identityHeaders: one real value, or none', async () => {
    for (const lines of batches(spell)) {
      scenario.reset();
      const token = scenario.mint({ project_id: '30' });
      await scenario.send(
        scenario.requestAs(token, 'GET /nexus/a HTTP/1.1', [...lines, 'Connection: close']),
      );
      const received = receivedBy(scenario.upstream);
      expect(received.head).not.toMatch(/canary-(root|admin)/);
      for (const name of [
        'Remote-User',
        'X-WebAuth-User',
        'X-Authenticated-User',
        'X-Forwarded-User',
        'X-SSO-User',
      ]) {
        expect([name, valuesOf(received, name)]).toEqual([name, ['nexus-user']]);
      }
      expect(valuesOf(received, 'X-Remote-User')).toEqual(['acme/payments']);
      // The token has no such claim.
      expect(valuesOf(received, 'Remote-Groups')).toEqual([]);
    }
  });

  test('set by identityHeaders, on an anonymous route: none', async () => {
    for (const lines of batches(spell)) {
      scenario.reset();
      await scenario.send(
        scenario.requestAs(undefined, 'GET /nexus/open/a HTTP/1.1', [...lines, 'Connection: close']),
      );
      const received = receivedBy(scenario.upstream);
      expect(received.head).not.toMatch(/canary-(root|admin)/);
      expect(namesIn(received).filter((name) => /user|remote|auth/.test(name))).toEqual([]);
    }
  });
});

test('Connection cannot take away what the gateway sets', async () => {
  const lines = ['Connection: close, Remote-User, X-WebAuth-User', 'Remote-User: canary-root'];
  await scenario.send(
    scenario.requestAs(scenario.mint({ project_id: '30' }), 'GET /nexus/a HTTP/1.1', lines),
  );
  const received = receivedBy(scenario.upstream);
  expect(valuesOf(received, 'Remote-User')).toEqual(['nexus-user']);
  expect(valuesOf(received, 'X-WebAuth-User')).toEqual(['nexus-user']);
});

test('a WebSocket handshake is cleaned in the same way', async () => {
  scenario.upstream.respond('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n');
  const conversation = await openConversation(scenario.gateway.port);
  conversation.write(
    scenario.requestAs(scenario.mint({ project_id: '30' }), 'GET /nexus/a HTTP/1.1', [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'REMOTE_USER: canary-root',
      'X-WebAuth-Name: canary-root',
    ]),
  );
  await eventually('the response', () => conversation.received().includes('\r\n\r\n'));
  const received = receivedBy(scenario.upstream);
  expect(received.head).not.toContain('canary-root');
  expect(valuesOf(received, 'Remote-User')).toEqual(['nexus-user']);
  conversation.destroy();
});

test('names that only look alike pass', async () => {
  const names = [
    'X-User-Agent',
    'X-Removed',
    'Remotely',
    'X-Client-Version',
    'X-Proxy-Cache',
    'X-Amzn-Trace-Id',
  ];
  await scenario.send(
    scenario.request('GET /api/a HTTP/1.1', [...names.map((name) => `${name}: canary`), 'Connection: close']),
  );
  expect(namesIn(receivedBy(scenario.upstream))).toEqual(
    expect.arrayContaining(names.map((name) => name.toLowerCase())),
  );
});

describe('every type', () => {
  const { gateway, upstream } = useEveryType();

  test.each(SERVICE_TYPES)('%s', async (type) => {
    for (const lines of batches((name) => name)) {
      upstream.reset();
      expect((await rawResponse(gateway.port, gateway.request(type, lines))).status).toBe(200);
      expect(receivedBy(upstream).head).not.toMatch(/canary-(root|admin)/);
    }
    upstream.reset();
  });
});
