/** X6: a client that wants to act as another user is told that it cannot, on services of every type. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SERVICE_TYPES, useEveryType } from '../support/every-type.ts';
import { reasonOf, startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';
import { rawResponse } from '../support/raw-client.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario({
    api: ['anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]'],
    services: `
shadowed: { type: http, path: /shadowed/, mode: shadow, upstream: { url: "UPSTREAM/" } }
hidden: { type: http, path: /hidden/, deny: conceal, upstream: { url: "UPSTREAM/" } }
tracker: { type: http, path: /tracker/, upstream: { url: "UPSTREAM/" }, identityHeaders: { X-Redmine-Switch-User: "{identity}" }, anonymous: [{ scopes: [read_api], resources: ["/**"] }] }
`,
  });
});
afterEach(async () => {
  scenario.reset();
  await scenario.expectAlive();
  scenario.reset();
});
afterAll(() => scenario.close());

/** What kubectl sends for --as, --as-group, --as-uid and --as-user-extra. */
const KUBECTL = ['Impersonate-User', 'Impersonate-Group', 'Impersonate-Uid', 'Impersonate-Extra-Scopes'];

const OTHERS = [
  'es-security-runas-user',
  'opendistro_security_impersonate_as',
  'X-TFS-Impersonate',
  'MSCRMCallerID',
  'CallerObjectId',
  'X-Redmine-Switch-User',
  'X-On-Behalf-Of',
];

const SPELLINGS: readonly (readonly [string, (name: string) => string])[] = [
  ['as kubectl writes it', (name) => name],
  ['in lower case', (name) => name.toLowerCase()],
  ['with underscores', (name) => name.replaceAll('-', '_')],
  ['with dots', (name) => name.replaceAll('-', '.')],
];

describe.each(SPELLINGS)('%s', (_, spell) => {
  test.each([...KUBECTL, ...OTHERS])('%s is refused with a reason and the next step', async (name) => {
    const spelled = spell(name);
    const [answer] = await scenario.send(
      scenario.request('GET /api/v1/pods HTTP/1.1', [`${spelled}: canary-admin`, 'Connection: close']),
    );
    expect(answer && [answer.status, reasonOf(answer)]).toEqual([400, 'header_refused']);
    expect(answer?.body).toContain(`Impersonation headers (${spelled}) are not forwarded: the gateway sets`);
    expect(answer?.body).toContain('remove --as');
    const line = await scenario.audited(answer);
    expect(line).toMatchObject({ gatehouse: { decision: 'deny', detail: `the header ${spelled}` } });
    expect(JSON.stringify(line)).not.toContain('canary-admin');
    await scenario.expectNothingForwarded();
  });
});

test.each([
  ['anonymously', () => scenario.requestAs(undefined, 'GET /api/open/a HTTP/1.1', ['Impersonate-User: a'])],
  [
    'with an invalid token',
    () => scenario.requestAs('x', 'GET /api/open/a HTTP/1.1', ['Impersonate-User: a']),
  ],
  ['in shadow', () => scenario.request('GET /shadowed/a HTTP/1.1', ['Impersonate-User: a'])],
  ['where denials are concealed', () => scenario.request('GET /hidden/a HTTP/1.1', ['Impersonate-User: a'])],
  ['empty', () => scenario.request('GET /api/a HTTP/1.1', ['Impersonate-User:'])],
  [
    'named by Connection',
    () => scenario.request('GET /api/a HTTP/1.1', ['Impersonate-User: a', 'Connection: Impersonate-User']),
  ],
  [
    'in a handshake (kubectl exec --as)',
    () =>
      scenario.request('GET /api/a HTTP/1.1', [
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Impersonate-User: a',
      ]),
  ],
])('%s too', async (_, request) => {
  const [answer] = await scenario.send(request());
  expect(answer && [answer.status, reasonOf(answer)]).toEqual([400, 'header_refused']);
  await scenario.expectNothingForwarded();
});

test('a service that sets such a header itself replaces or removes the header of the client', async () => {
  for (const [request, expected] of [
    [scenario.request, ['job']],
    [(line: string, lines: string[]) => scenario.requestAs(undefined, line, lines), []],
  ] as const) {
    scenario.reset();
    const lines = [
      'X-Redmine-Switch-User: canary-admin',
      'x_redmine_switch_user: canary-admin',
      'Connection: close',
    ];
    const [answer] = await scenario.send(request('GET /tracker/a HTTP/1.1', lines));
    expect(answer?.status).toBe(200);
    expect(scenario.upstream.bytes()).not.toContain('canary-admin');
    expect(valuesOf(receivedBy(scenario.upstream), 'X-Redmine-Switch-User')).toEqual(expected);
  }
});

describe('every type', () => {
  const { gateway, upstream } = useEveryType();

  test.each(SERVICE_TYPES)('%s', async (type) => {
    const refused = await rawResponse(gateway.port, gateway.request(type, ['Impersonate-User: canary']));
    expect(refused.status).toBe(400);
    expect(refused.body).toContain('Impersonation headers (Impersonate-User) are not forwarded');
    expect(upstream.bytes()).toBe('');
    // GitLab's own form of it is removed, as ever.
    expect((await rawResponse(gateway.port, gateway.request(type, ['Sudo: canary']))).status).toBe(200);
    expect(namesIn(receivedBy(upstream))).not.toContain('sudo');
    upstream.reset();
  });
});
