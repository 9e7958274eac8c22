/** What responses disclose with conceal, in shadow mode and with anonymous grants. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { generateKey } from '../support/issuer-keys.ts';
import { startIssuer } from '../support/issuer.ts';
import {
  reasonOf,
  startAttackScenario,
  UPSTREAM_SECRET,
  type AttackScenario,
} from '../support/scenario/attack.ts';
import { type RawResponse } from '../support/raw-client.ts';
import { namesIn, receivedBy, valuesOf } from '../support/received.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';

const CLOSE = 'Connection: close';

let scenario: AttackScenario;
let reader: string;
let unmatched: string;
beforeAll(async () => {
  const operations = 'operations: [{ scope: read, methods: [GET, HEAD] }, { scope: write, methods: [PUT] }]';
  scenario = await startAttackScenario({
    api: ['anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]'],
    identities: `
reader:
  issuer: gitlab
  match: { project_id: "30" }
  grants:
    - { service: hidden, scopes: [read], resources: ["/a"] }
    - { service: rehearsal, scopes: [read], resources: ["/a"] }
`,
    services: `
hidden: { type: http, path: /hidden/, upstream: { url: UPSTREAM/ }, deny: conceal, ${operations} }
rehearsal:
  type: http
  path: /rehearsal/
  upstream: { url: UPSTREAM/, auth: { bearer: { token: ${UPSTREAM_SECRET} } } }
  mode: shadow
  identityHeaders: { X-Project: "{claims.project_path}" }
  ${operations}
`,
  });
  reader = scenario.mint({ project_id: '30' });
  unmatched = scenario.mint({ project_id: '99' });
});
afterEach(async () => {
  scenario.reset();
  await scenario.expectAlive();
  scenario.reset();
});
afterAll(() => scenario.close());

async function send(
  token: string | undefined,
  line: string,
  lines: readonly string[] = [],
): Promise<RawResponse> {
  const [answer, ...more] = await scenario.send(
    scenario.requestAs(token, `${line} HTTP/1.1`, [...lines, CLOSE]),
  );
  if (answer === undefined || more.length > 0) throw new Error(`${more.length + 1} answers`);
  return answer;
}

/** Every kind of policy denial: token, request line, reason. */
const DENIALS: readonly [string, () => string, string, string][] = [
  ['another resource', () => reader, 'GET b', 'resource_not_granted'],
  ['another scope', () => reader, 'PUT a', 'scope_not_granted'],
  ['an unknown operation', () => reader, 'PATCH a', 'operation_unknown'],
  ['an identity without grants here', () => scenario.token, 'GET a', 'scope_not_granted'],
  ['no matching identity', () => unmatched, 'GET a', 'no_matching_identity'],
];

const at = (service: string, line: string): string => line.replace(' ', ` /${service}/`);

describe('conceal', () => {
  /** The response without the parts that differ in every response. */
  function bytesOf({ head, body, headers }: RawResponse): string {
    const id = headers.get('x-request-id') ?? 'none';
    return `${head}\r\n\r\n${body}`.replaceAll(id, 'ID').replace(/^Date: .*$/m, 'Date: D');
  }

  test.each([
    ['JSON', []],
    ['text', ['Accept: text/plain']],
  ])('conceal: every 403 becomes the same 404, as %s', async (_, lines) => {
    const seen = new Set<string>();
    for (const [, token, line, reason] of DENIALS) {
      const answer = await send(token(), at('hidden', line), lines);
      expect(answer.status).toBe(404);
      expect(answer.headers.has('www-authenticate')).toBe(false);
      seen.add(bytesOf(answer));
      // The audit event still contains the reason.
      expect((await scenario.audited(answer)).event.reason).toBe(reason);
    }
    expect([...seen]).toHaveLength(1);
    expect([...seen].join()).not.toMatch(/reader|hidden|scope|grant|identity/i);
    await scenario.expectNothingForwarded();
  });

  test('conceal: HEAD has the same response head, granted requests are served, and a 401 stays a 401', async () => {
    const [one, two] = [await send(reader, 'HEAD /hidden/b'), await send(unmatched, 'HEAD /hidden/a')];
    expect(one.status).toBe(404);
    expect(bytesOf(one)).toBe(bytesOf(two));
    expect((await send(undefined, 'GET /hidden/a')).status).toBe(401);
    await scenario.expectNothingForwarded();
    expect((await send(reader, 'GET /hidden/a')).status).toBe(200);
  });
});

describe('shadow', () => {
  const SPOOFED = ['X-Auth-Identity: canary', 'X-Project: canary', 'X_Auth_Subject: canary'];

  test.each(DENIALS)(
    'shadow: %s is forwarded without identity headers, and audited',
    async (_, token, line, reason) => {
      const answer = await send(token(), at('rehearsal', line), [...SPOOFED, 'Content-Length: 0']);
      expect(answer.status).toBe(200);
      const request = receivedBy(scenario.upstream);
      expect(request.head).not.toContain('canary');
      expect(request.head).not.toContain(UPSTREAM_SECRET);
      expect(valuesOf(request, 'Authorization')).toEqual([]);
      expect(namesIn(request).filter((name) => /^x-(auth-|project)/.test(name))).toEqual([]);
      const event = await scenario.audited(answer);
      expect(event.event).toMatchObject({ reason: 'shadow' });
      expect(event.gatehouse).toMatchObject({ basis: 'shadow', relaxed: { reason } });
    },
  );

  test('shadow: granted requests are forwarded as in enforce mode', async () => {
    const answer = await send(reader, 'GET /rehearsal/a', SPOOFED);
    expect(answer.status).toBe(200);
    const request = receivedBy(scenario.upstream);
    expect(valuesOf(request, 'X-Auth-Identity')).toEqual(['reader']);
    expect(valuesOf(request, 'X-Project')).toEqual(['acme/payments']);
    expect(valuesOf(request, 'Authorization')).toEqual([`Bearer ${UPSTREAM_SECRET}`]);
    expect((await scenario.audited(answer)).event).toMatchObject({ reason: 'granted' });
  });

  test('shadow: 400 and 401 are not relaxed', async () => {
    const expired = scenario.mint({ project_id: '30' }, { lifetime: -60 });
    const cases: readonly [string | undefined, string, readonly string[], string][] = [
      [undefined, 'GET /rehearsal/a', [], 'no_credential'],
      [undefined, 'PATCH /rehearsal/a', [], 'no_credential'],
      [expired, 'GET /rehearsal/a', [], 'token_expired'],
      [`${reader.slice(0, -8)}AAAAAAAA`, 'GET /rehearsal/a', [], 'signature_invalid'],
      [reader, 'GET /rehearsal/a', ['JOB-TOKEN: glcbt-canary'], 'credential_conflict'],
      [reader, 'GET /rehearsal/%2e%2e/a', [], 'path_ambiguous'],
    ];
    for (const [token, line, lines, reason] of cases) {
      expect(reasonOf(await send(token, line, lines))).toBe(reason);
    }
    await scenario.expectNothingForwarded();
  });
});

describe('shadow, without keys', () => {
  test('shadow: 503 is not relaxed', async () => {
    const { respond, upstream } = await startScenario({
      backends: {
        issuer: async () => {
          const issuer = await startIssuer();
          issuer.faults.jwks = { kind: 'status', status: 500 };
          return issuer;
        },
        upstream: () => startRecordingUpstream(),
      },
      token: ({ issuer }) => issuer.mint(),
      config: ({ issuer, upstream: { url } }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
services:
  rehearsal: { type: http, path: /, upstream: { url: "${url}/" }, mode: shadow }`,
    });
    const answer = await respond('GET /a');
    expect([answer.status, reasonOf(answer)]).toEqual([503, 'issuer_unavailable']);
    expect(answer.headers.has('retry-after')).toBe(true);
    expect(upstream.accepted()).toBe(0);
  });
});

test.each<[string, () => string, string]>([
  ['expired', () => scenario.mint({}, { lifetime: -60 }), 'token_expired'],
  [
    'for another audience',
    () => scenario.mint({ aud: 'https://elsewhere.example.com' }),
    'audience_mismatch',
  ],
  ['of an unknown issuer', () => scenario.mint({ iss: 'https://elsewhere.example.com' }), 'issuer_unknown'],
  ['signed by another key', () => scenario.mint({}, { key: generateKey('key-1') }), 'signature_invalid'],
  ['no token at all', () => 'canary', 'credential_invalid'],
])('anonymous: a credential that is %s is refused even if none is required', async (_, token, reason) => {
  const answer = await send(token(), 'GET /api/open/a');
  expect([answer.status, reasonOf(answer)]).toEqual([401, reason]);
  expect(answer.headers.has('www-authenticate')).toBe(true);
  await scenario.expectNothingForwarded();
});

test('anonymous: a valid credential without a grant has anonymous access', async () => {
  const answer = await send(unmatched, 'GET /api/open/a');
  expect(answer.status).toBe(200);
  const request = receivedBy(scenario.upstream);
  expect(namesIn(request).filter((name) => name.startsWith('x-auth-'))).toEqual([]);
  expect((await scenario.audited(answer)).event.reason).toBe('anonymous');
});
