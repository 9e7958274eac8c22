/** H5–H9: the origin of a request, its original form and its identity come from the gateway only. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import {
  reasonOf,
  startAttackScenario,
  UPSTREAM_SECRET,
  type AttackScenario,
} from '../support/scenario/attack.ts';
import { rawResponse } from '../support/raw-client.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const CLOSE = 'Connection: close';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario({
    resources: ['/pub/**'],
    api: ['anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]'],
  });
});
afterEach(async () => {
  scenario.reset();
  await scenario.expectAlive();
  scenario.reset();
});
afterAll(() => scenario.close());

/** Names by which some server or framework believes where a request came from, or what it asked for. */
const FORWARDED = [
  'Forwarded: for=203.0.113.66;host=canary;proto=https',
  'X-Forwarded-For: 203.0.113.66',
  'X-Forwarded-Host: canary',
  'X-Forwarded-Proto: canary',
  'X-Forwarded-Port: canary',
  'X-Forwarded-Prefix: /canary',
  'X-Forwarded-Server: canary',
  'X-Forwarded-Uri: /api/pub/canary',
  'X-Forwarded-Method: canary',
  'X-Forwarded-Client-Cert: canary',
  'X-Forwarded: canary',
  'X-Original-URL: /pub/canary',
  'X-Original-URI: /pub/canary',
  'X-Original-Method: canary',
  'X-Original-Host: canary',
  'X-Original-Forwarded-For: canary',
  'X-Rewrite-URL: /pub/canary',
  'X-Envoy-Original-Path: /api/pub/canary',
  'X-Envoy-External-Address: canary',
  'X-Real-IP: canary',
  'X-Client-IP: canary',
  'Client-IP: canary',
  'True-Client-IP: canary',
  'CF-Connecting-IP: canary',
  'Fastly-Client-IP: canary',
  'X-Cluster-Client-IP: canary',
  'X-Host: canary',
  'X-HTTP-Host-Override: canary',
  'X-Scheme: canary',
  'X-URL-Scheme: canary',
  'Front-End-Https: canary',
  'Via: 1.1 canary',
  'X-Request-Id: canary',
] as const;

const SPELLINGS: readonly [string, (name: string) => string][] = [
  ['as they are', (name) => name],
  ['with underscores', (name) => name.replaceAll('-', '_')],
  ['in capitals, with one underscore', (name) => name.toUpperCase().replace('-', '_')],
];

function respell(lines: readonly string[], spell: (name: string) => string): string[] {
  return lines.map((line) => line.replace(/^[^:]+/, spell));
}

describe.each(SPELLINGS)('H5 forwarded trust: names %s', (_, spell) => {
  test('from an untrusted peer they are replaced or gone', async () => {
    const [answer] = await scenario.send(
      scenario.request('GET /api/pub/a HTTP/1.1', [...respell(FORWARDED, spell), CLOSE]),
    );
    expect(answer?.status).toBe(200);
    const request = receivedBy(scenario.upstream);
    expect(request.head).not.toMatch(/canary(?!-upstream)|203\.0\.113\.66/);
    expect(valuesOf(request, 'X-Forwarded-For')).toEqual(['127.0.0.1']);
    expect(valuesOf(request, 'X-Forwarded-Host')).toEqual(['gateway.example.com']);
    expect(valuesOf(request, 'X-Forwarded-Proto')).toEqual(['http']);
    expect(valuesOf(request, 'X-Request-Id')).toEqual([answer?.headers.get('x-request-id')]);
    expect(namesIn(request).filter((name) => /^(forwarded|x-original|x-rewrite|x-envoy)/.test(name))).toEqual(
      [],
    );
    expect(await scenario.audited(answer)).toMatchObject({ client: { address: '127.0.0.1' } });
  });

  test('the decision uses the request target', async () => {
    const lines = [...respell(FORWARDED, spell), CLOSE];
    const [denied] = await scenario.send(scenario.request('GET /api/secret HTTP/1.1', lines));
    expect(denied && [denied.status, reasonOf(denied)]).toEqual([403, 'resource_not_granted']);
    const [nobody] = await scenario.send(
      scenario.requestAs(undefined, 'GET /api/secret HTTP/1.1', [
        ...respell(['X-Original-URL: /api/open/a', 'X-Rewrite-URL: /api/open/a'], spell),
        CLOSE,
      ]),
    );
    expect(nobody?.status).toBe(401);
    await scenario.expectNothingForwarded();
  });
});

describe('H6 X-Forwarded-For', () => {
  const keep = cleanUp();

  test.each([
    ['allowed, attacker: the last one', ['X-Forwarded-For: 192.0.2.1, 203.0.113.66'], '203.0.113.66'],
    ['two lines', ['X-Forwarded-For: 192.0.2.1', 'X-Forwarded-For: 203.0.113.66'], '203.0.113.66'],
    ['behind a second trusted proxy', ['X-Forwarded-For: 192.0.2.1, 203.0.113.66, 10.1.2.3'], '203.0.113.66'],
    ['something that is no address', ['X-Forwarded-For: 192.0.2.1, unknown'], '127.0.0.1'],
    ['an underscore: another header', ['X_Forwarded_For: 192.0.2.1'], '127.0.0.1'],
    ['Forwarded (RFC 7239)', ['Forwarded: for=192.0.2.1, for="203.0.113.66:4711"'], '203.0.113.66'],
    ['a port, IPv6', ['Forwarded: for=192.0.2.1;proto=http, for="[2001:db8::66]:80"'], '2001:db8::66'],
    ['__proto__ beside it (H12)', ['__proto__: 192.0.2.1', 'X-Forwarded-For: 203.0.113.66'], '203.0.113.66'],
  ])('H6 from a trusted peer: %s', async (_, lines, address) => {
    const upstream = keep(await startRecordingUpstream());
    const rig = keep(
      await startOrdersScenario(upstream.url, { server: 'trustedProxies: [127.0.0.1, 10.0.0.0/8]' }),
    );
    const answer = await rawResponse(rig.port, rig.head('GET', '/orders/a', ...lines, CLOSE));
    expect(answer.status).toBe(200);
    expect(valuesOf(receivedBy(upstream), 'X-Forwarded-For')).toEqual([address]);
    expect((await rig.audit())[0]).toMatchObject({ client: { address } });
  });
});

test.each(['kube-probe/1.33', 'GoogleHC/1.0', 'ELB-HealthChecker/2.0', 'Prometheus/3.5', 'curl/8'])(
  'H7 probe exemption: %s needs a credential like everybody',
  async (agent) => {
    const lines = [`User-Agent: ${agent}`, CLOSE];
    for (const path of ['/api/pub/a', '/api/healthz', '/api/metrics']) {
      const [answer] = await scenario.send(scenario.requestAs(undefined, `GET ${path} HTTP/1.1`, lines));
      expect(answer && [answer.status, reasonOf(answer)]).toEqual([401, 'no_credential']);
    }
    await scenario.expectNothingForwarded();
  },
);

describe.each(SPELLINGS)('H8 confused deputy: names %s', (_, spell) => {
  const LINES = [
    'Sudo: canary-1',
    'Cookie: _gitlab_session=canary-6',
    'X-GitLab-Token: canary-7',
    'X-Api-Key: canary-8',
  ];

  test.each([
    ['with a token', '/api/pub/a', true],
    ['anonymously', '/api/open/a', false],
  ])('they are removed when a credential is injected, %s', async (__, path, known) => {
    const bearer = known ? scenario.token : undefined;
    const lines = [...respell(LINES, spell), CLOSE];
    const [answer] = await scenario.send(
      scenario.requestAs(
        bearer,
        `GET ${path}?sudo=1&a=1&SUDO=root&su%64o=2&sudo[]=3;sudo=4&sudo]=5&[sudo]=6&sudo%00=7&b=2 HTTP/1.1`,
        lines,
      ),
    );
    expect(answer?.status).toBe(200);
    const request = receivedBy(scenario.upstream);
    expect(request.head).not.toMatch(/canary-\d|sudo|impersonate|cookie/i);
    expect(request.requestLine).toBe(`GET ${path.slice(4)}?a=1&b=2 HTTP/1.1`);
    expect(valuesOf(request, 'Authorization')).toEqual([`Bearer ${UPSTREAM_SECRET}`]);
  });

  test.each(['Impersonate-User', 'Impersonate-Group', 'Impersonate-Uid', 'Impersonate-Extra-Scopes'])(
    '%s is refused and does not reach the upstream',
    async (name) => {
      const lines = [...respell([`${name}: canary-2`], spell), CLOSE];
      const [answer] = await scenario.send(scenario.request('GET /api/pub/a HTTP/1.1', lines));
      expect(answer && [answer.status, reasonOf(answer)]).toEqual([400, 'header_refused']);
      await scenario.expectNothingForwarded();
    },
  );

  test('a second credential next to the token is refused', async () => {
    const lines = [...respell(['PRIVATE-TOKEN: canary-1'], spell), CLOSE];
    const [answer] = await scenario.send(scenario.request('GET /api/pub/a HTTP/1.1', lines));
    expect(answer && [answer.status, reasonOf(answer)]).toEqual([400, 'credential_conflict']);
    await scenario.expectNothingForwarded();
  });
});

describe.each(SPELLINGS)('H9 method override: names %s', (_, spell) => {
  test.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])('%s', async (name) => {
    const lines = [...respell([`${name}: DELETE`], spell), 'Content-Length: 0', CLOSE];
    const [answer] = await scenario.send(
      scenario.request(
        'POST /api/pub/a?_method=DELETE&x=1&_METHOD=PUT&%5fmethod=PUT&.method=PUT&[_method]=PUT HTTP/1.1',
        lines,
      ),
    );
    expect(answer?.status).toBe(200);
    const request = receivedBy(scenario.upstream);
    expect(request.requestLine).toBe('POST /pub/a?x=1 HTTP/1.1');
    expect(request.head).not.toMatch(/DELETE|method/i);
    expect(valuesOf(request, 'X-Auth-Scopes')).toEqual(['write_api']);
  });
});
