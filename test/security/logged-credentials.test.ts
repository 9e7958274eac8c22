/** L10: a credential that a client puts into a path, a resource or a header is in no log, record or response. */
import { afterEach, describe, expect, test } from 'vitest';
import { createDecisionRecorder } from '../../src/observability/decisions/decision-recorder.ts';
import { accessLine } from '../../src/observability/audit/access-log.ts';
import { createEventLine } from '../../src/observability/audit/event-line.ts';
import { createLog } from '../../src/observability/index.ts';
import { deny } from '../../src/core/decision.ts';
import { sampleCaller, sampleCredential, sampleEvent } from '../support/audit-events.ts';
import { startAttackScenario } from '../support/scenario/attack.ts';
import { useStarted } from '../support/use-started.ts';

const BODY = 'c4n4ry'.repeat(6);
const JWT = `eyJhbGciOiJSUzI1NiJ9.eyJz${BODY}.${BODY}`;

const CREDENTIALS = [
  ['a JWT', JWT],
  ['a token of GitLab', `glpat-${BODY}`],
  ['a token of GitHub', `ghp_${BODY}`],
  ['a deploy token', `ghdt_ci_${BODY}`],
  ['a token of RubyGems', `rubygems_${'c4'.repeat(24)}`],
  ['a token of Vault', `hvs.${BODY}`],
  ['a parameter in mixed case', `tOkEn=${BODY}`],
] as const;

const secretsOf = (token: string): readonly string[] => [token, BODY, 'c4'.repeat(24)];

function expectNone(text: string, token: string): void {
  for (const secret of secretsOf(token)) expect(text).not.toContain(secret);
}

describe.each(CREDENTIALS)('%s', (_, token) => {
  const credential = sampleCredential({
    subject: token,
    jti: token,
    issuerUrl: `https://ci:${BODY}@example.com`,
  });
  const event = sampleEvent({
    requestId: token,
    userAgent: `agent/1.0 ${token}`,
    host: token,
    path: `/orders/${token}/list`,
    detail: `the resource "${token}"`,
    verified: credential,
    caller: sampleCaller({ credential }),
    operations: [{ scope: 'read_api', resource: `/${token}`, extent: 'one' }],
    decision: {
      kind: 'allow',
      basis: 'shadow',
      caller: sampleCaller({ credential }),
      relaxed: deny('scope_not_granted', token),
    },
  });

  test('audit event, also where the limit of a field cuts it', () => {
    const line = createEventLine(new Map(), undefined);
    expectNone(line(event), token);
    expect(JSON.parse(line(event))).toMatchObject({
      url: { path: expect.stringMatching(/^\/orders\/[^/]*\[credential\]\/list$/) },
    });
    const cut = `/${'a'.repeat(2048 - token.length / 2)}/${token}`;
    expectNone(line(sampleEvent({ path: cut })), token.slice(0, token.length / 2 - 2));
  });

  test('access log', () => expectNone(accessLine(event), token));

  test('application log, with its message', () => {
    const lines: string[] = [];
    createLog({ level: 'info', clock: { now: () => 0 }, write: (line) => void lines.push(line) }).error(
      `x ${token}`,
      {
        file: `/${token}`,
      },
    );
    expect(lines).toHaveLength(1);
    expectNone(lines.join(''), token);
  });

  test('recorded decision', () => {
    const recorder = createDecisionRecorder({
      now: () => event.startedAt,
      config: () => 'a',
      candidate: () => 'b',
    });
    // The console redacts the claims of the credential when it shows them.
    recorder.write(
      sampleEvent({ ...event, verified: undefined, caller: undefined, decision: undefined, requestId: 'r1' }),
    );
    expect(recorder.find('r1')?.path).toContain('[credential]');
    expectNone(JSON.stringify(recorder.find('r1')), token);
  });
});

const scenario = useStarted(() =>
  startAttackScenario({
    resources: ['/ok/**'],
    services: `
registry:
  type: oci
  audiences: [https://gateway.example.com]
  upstream: { url: UPSTREAM }
`,
  }),
);
afterEach(() => scenario.reset());

describe('a request with a credential in its path and its headers', () => {
  test.each(CREDENTIALS)('%s', async (_, token) => {
    const headers = [
      `User-Agent: curl/8 ${token} Bearer ${BODY} (+//ci:a/${BODY}@a?job_token=${BODY})`,
      `Referer: https://ci:${BODY}@example.com/`,
      `X-Request-Id: ${token}`,
      'Connection: close',
    ];
    for (const [line, status] of [
      [`GET /api/ok/${token} HTTP/1.1`, 200],
      [`GET /api/ok/token%3D${token} HTTP/1.1`, 200],
      [`GET /api/denied/old_${token} HTTP/1.1`, 403],
      [`GET /api/denied/https:%2F%2Fci:${BODY}%40example.com HTTP/1.1`, 400],
      [`GET /api/denied/${token} HTTP/1.1`, 403],
      [`GET /api//${token} HTTP/1.1`, 400],
      [`GET https://ci:${BODY}@example.com/${token} HTTP/1.1`, 400],
      [`GET /api/ok/https:/ci:${BODY}@example.com HTTP/1.1`, 200],
      [`GET /api/ok/https:/ci:a/${BODY}@example.com HTTP/1.1`, 200],
      [`GET /api/ok/https:/ci%3A${BODY}%40example.com HTTP/1.1`, 200],
      [`GET /api//ci:${BODY}@example.com HTTP/1.1`, 400],
      [`GET /api/ok/glpat%2D${BODY} HTTP/1.1`, 200],
      [`GET /api/ok/glpat%252D${BODY} HTTP/1.1`, 400],
      [
        `GET /api/ok/${token.replace(/^./, '%$&').replace(/%./, (c) => `%${c.charCodeAt(1).toString(16)}`)} HTTP/1.1`,
        200,
      ],
      [`GET /api/ok/private_token=${BODY} HTTP/1.1`, 200],
      [`GET /v2/acme/glpat-${BODY}/manifests/1 HTTP/1.1`, 403],
    ] as const) {
      const [answer] = await scenario.send(scenario.request(line, headers));
      await scenario.audited(answer);
      expect([line, answer?.status]).toEqual([line, status]);
      if (status !== 200) expectNone(`${answer?.head}${answer?.body}`, token);
    }
    expectNone(scenario.gateway.auditText(), token);
    expect(scenario.gateway.auditText()).toContain('[credential]');
  });

  test('the upstream receives the path unchanged', async () => {
    const path = `/ok/glpat-${BODY}`;
    await scenario.send(scenario.request(`GET /api${path} HTTP/1.1`, ['Connection: close']));
    expect(scenario.upstream.requests().at(-1)?.requestLine).toBe(`GET ${path} HTTP/1.1`);
  });
});
