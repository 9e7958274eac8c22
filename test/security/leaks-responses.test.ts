/** L4–L6: no response of an upstream sends a client or a credential elsewhere. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  reasonOf,
  startAttackScenario,
  UPSTREAM_SECRET,
  type AttackScenario,
} from '../support/scenario/attack.ts';
import { startRecordingUpstream, type RecordingUpstream } from '../support/recording-upstream.ts';
import type { RawResponse } from '../support/raw-client.ts';

const CLOSE = 'Connection: close';

let scenario: AttackScenario;
let evil: RecordingUpstream;
beforeAll(async () => {
  evil = await startRecordingUpstream();
  scenario = await startAttackScenario({
    services: `
root:
  type: http
  path: /
  upstream: { url: UPSTREAM/, redirectOrigins: ["https://store.example.com"] }
  anonymous: [{ scopes: [read_api], resources: ["**"] }]
`,
  });
});
afterEach(async () => {
  expect(evil.accepted()).toBe(0);
  scenario.reset();
  await scenario.expectAlive();
  scenario.reset();
});
afterAll(async () => {
  await scenario.close();
  await evil.close();
});

async function answered(status: number, lines: readonly string[], path = '/api/a'): Promise<RawResponse> {
  scenario.upstream.respond([`HTTP/1.1 ${status} X`, ...lines, 'Content-Length: 2', '', 'ok'].join('\r\n'));
  const [answer, ...more] = await scenario.send(scenario.request(`GET ${path} HTTP/1.1`, [CLOSE]));
  if (answer === undefined || more.length > 0) throw new Error(`${more.length + 1} answers`);
  expect(answer.head + answer.body).not.toContain(UPSTREAM_SECRET);
  return answer;
}

describe('L4 realm hijack', () => {
  const challenge = (): string => `Bearer realm="${evil.url}/token",service="registry"`;

  test('L4: a 401 of the upstream is a 502, and its challenge goes no further', async () => {
    const answer = await answered(401, [`WWW-Authenticate: ${challenge()}`, 'Www_Authenticate: Basic']);
    expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream_unauthorized']);
    expect(answer.head.toLowerCase()).not.toMatch(/www.authenticate/);
    expect(answer.head + answer.body).not.toContain(String(evil.port));
    expect((await scenario.audited(answer)).gatehouse).toMatchObject({ upstream_status: 401 });
  });

  test.each([200, 403, 404, 407, 500])('L4: challenges in a %d go no further', async (status) => {
    const answer = await answered(status, [
      `WWW-Authenticate: ${challenge()}`,
      `Proxy-Authenticate: ${challenge()}`,
      `Authentication-Info: nextnonce="${evil.url}"`,
      `Proxy-Authentication-Info: nextnonce="${evil.url}"`,
    ]);
    expect(answer.status).toBe(status);
    expect([...answer.headers.keys()].filter((name) => name.includes('authenticat'))).toEqual([]);
    expect(answer.head).not.toContain(String(evil.port));
  });
});

describe('L5 redirect', () => {
  const EVIL = 'evil.example.net:PORT';
  const targets = [
    `http://${EVIL}/a`,
    `HTTP://${EVIL}/a`,
    `https://${EVIL}/a`,
    `//${EVIL}/a`,
    `///${EVIL}/a`,
    `http:${EVIL}/a`,
    `https:/${EVIL}/a`,
    `http://gateway.example.com@${EVIL}/a`,
    `http://gateway.example.com.evil.example.net/a`,
    `/\\${EVIL}/a`,
    `\\\\${EVIL}/a`,
    `http:\\\\${EVIL}/a`,
    `\thttp://${EVIL}/a`.trim().replace('http', 'ht\ttp'),
    `javascript:alert(1)`,
    `ftp://gateway.example.com/a`,
    `data:text/html,a`,
    // Same server, and a path that reads as another one once the prefix is off.
    `/.//${EVIL}/a`,
    `/a/..//${EVIL}/a`,
    `UPSTREAM//${EVIL}/a`,
    `//gateway.example.com//${EVIL}/a`,
    `http://127.0.0.1:PORT/a`,
  ];

  test.each(targets)('L5: %s is neither followed nor handed on', async (target) => {
    const location = target.replace('UPSTREAM', scenario.upstream.url).replaceAll('PORT', String(evil.port));
    for (const path of ['/api/a', '/a']) {
      for (const status of [301, 302, 303, 307, 308, 201]) {
        const answer = await answered(status, [`Location: ${location}`], path);
        const seen = answer.headers.get('location');
        // The remaining URLs must lead to the gateway, and only there.
        if (seen !== undefined) {
          expect(seen).toMatch(/^\/(?!\/)/);
          expect(new URL(seen, 'https://gateway.example.com/api/a').host).toBe('gateway.example.com');
        } else {
          expect([answer.status, reasonOf(answer)]).toEqual([502, 'upstream_invalid']);
        }
        expect(scenario.upstream.requests()).toHaveLength(1);
        scenario.reset();
      }
    }
  });

  test.each([
    ['/next', '/api/next', '/next'],
    ['UPSTREAM/next?a=1', '/api/next?a=1', '/next?a=1'],
    ['http://gateway.example.com/api/next', '/api/api/next', '/api/next'],
    ['../next', '../next', '../next'],
    ['?page=2', '?page=2', '?page=2'],
  ])('L5: one’s own %s is told in public terms, and not followed', async (target, below, root) => {
    const location = target.replace('UPSTREAM', scenario.upstream.url);
    expect((await answered(302, [`Location: ${location}`])).headers.get('location')).toBe(below);
    expect(scenario.upstream.requests()).toHaveLength(1);
    expect((await answered(302, [`Location: ${location}`], '/a')).headers.get('location')).toBe(root);
    expect(scenario.upstream.requests()).toHaveLength(2);
  });

  test('L5: another origin that the service names passes; the gateway does not follow', async () => {
    const signed = 'https://store.example.com/blob?X-Signature=abc';
    const answer = await answered(307, [`Location: ${signed}`], '/a');
    expect([answer.status, answer.headers.get('location')]).toEqual([307, signed]);
    const other = await answered(307, [`Location: https://store.example.com.evil.example.net/blob`], '/a');
    expect(other.status).toBe(502);
  });
});

test.each([
  ['Connection: X-Secret', ['X-Secret: canary-a', 'x-secret: canary-b']],
  ['Connection: close, x_secret', ['X-Secret: canary-a']],
  ['Connection: keep-alive,X-Secret,X-Other', ['X_Secret: canary-a', 'X-Other: canary-b']],
  ['Connection: Content-Length, X-Request-Id, X-Secret', ['X-Secret: canary-a', 'X-Request-Id: canary-b']],
])('L6 response headers: %s', async (connection, lines) => {
  const answer = await answered(200, [
    ...lines,
    connection,
    'Keep-Alive: timeout=canary',
    'Proxy-Authenticate: Basic realm="canary"',
    'Proxy-Connection: canary',
    'TE: canary',
    'Upgrade: canary',
    'Alt-Svc: h3="canary:443"',
    'X-Stays: yes',
  ]);
  expect(answer).toMatchObject({ status: 200, body: 'ok' });
  expect(answer.head).not.toContain('canary');
  expect(answer.headers.get('x-stays')).toBe('yes');
  expect(answer.headers.get('connection')).toBe('close');
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});
