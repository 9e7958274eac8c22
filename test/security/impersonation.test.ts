/** X6: a client that wants to act as another user is told that it cannot, on services of every type. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SERVICE_TYPES, useEveryType } from '../support/every-type.ts';
import { reasonOf, startLab, type Lab } from '../support/scenario/raw.ts';
import { rawResponse } from '../support/raw-client.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({
    api: ['anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]'],
    services: `
shadowed: { type: http, path: /shadowed/, mode: shadow, upstream: { url: "UPSTREAM/" } }
hidden: { type: http, path: /hidden/, deny: conceal, upstream: { url: "UPSTREAM/" } }
tracker: { type: http, path: /tracker/, upstream: { url: "UPSTREAM/" }, identityHeaders: { X-Redmine-Switch-User: "{identity}" }, anonymous: [{ scopes: [read_api], resources: ["/**"] }] }
`,
  });
});
afterEach(async () => {
  lab.reset();
  await lab.expectAlive();
  lab.reset();
});
afterAll(() => lab.close());

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
    const [answer] = await lab.send(
      lab.request('GET /api/v1/pods HTTP/1.1', [`${spelled}: canary-admin`, 'Connection: close']),
    );
    expect(answer && [answer.status, reasonOf(answer)]).toEqual([400, 'header_refused']);
    expect(answer?.body).toContain(`Impersonation headers (${spelled}) are not forwarded: the gateway sets`);
    expect(answer?.body).toContain('remove --as');
    const line = await lab.audited(answer);
    expect(line).toMatchObject({ gatehouse: { decision: 'deny', detail: `the header ${spelled}` } });
    expect(JSON.stringify(line)).not.toContain('canary-admin');
    await lab.expectNothingForwarded();
  });
});

test.each([
  ['anonymously', () => lab.requestAs(undefined, 'GET /api/open/a HTTP/1.1', ['Impersonate-User: a'])],
  ['with an invalid token', () => lab.requestAs('x', 'GET /api/open/a HTTP/1.1', ['Impersonate-User: a'])],
  ['in shadow', () => lab.request('GET /shadowed/a HTTP/1.1', ['Impersonate-User: a'])],
  ['where denials are concealed', () => lab.request('GET /hidden/a HTTP/1.1', ['Impersonate-User: a'])],
  ['empty', () => lab.request('GET /api/a HTTP/1.1', ['Impersonate-User:'])],
  [
    'named by Connection',
    () => lab.request('GET /api/a HTTP/1.1', ['Impersonate-User: a', 'Connection: Impersonate-User']),
  ],
  [
    'in a handshake (kubectl exec --as)',
    () =>
      lab.request('GET /api/a HTTP/1.1', [
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Impersonate-User: a',
      ]),
  ],
])('%s too', async (_, request) => {
  const [answer] = await lab.send(request());
  expect(answer && [answer.status, reasonOf(answer)]).toEqual([400, 'header_refused']);
  await lab.expectNothingForwarded();
});

test('a service that sets such a header itself replaces or removes the header of the client', async () => {
  for (const [request, expected] of [
    [lab.request, ['job']],
    [(line: string, lines: string[]) => lab.requestAs(undefined, line, lines), []],
  ] as const) {
    lab.reset();
    const lines = [
      'X-Redmine-Switch-User: canary-admin',
      'x_redmine_switch_user: canary-admin',
      'Connection: close',
    ];
    const [answer] = await lab.send(request('GET /tracker/a HTTP/1.1', lines));
    expect(answer?.status).toBe(200);
    expect(lab.upstream.bytes()).not.toContain('canary-admin');
    expect(valuesOf(receivedBy(lab.upstream), 'X-Redmine-Switch-User')).toEqual(expected);
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
