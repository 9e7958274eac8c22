/** K5, K6 through the whole gateway: what clients send multiplies no series and forges no line. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditLine } from '../support/gateway.ts';
import { startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';
import { exchange, rawRequest } from '../support/raw-client.ts';

const CLOSE = 'Connection: close';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario({
    api: ['anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]'],
  });
});
afterAll(() => scenario.close());

async function series(): Promise<readonly string[]> {
  const text = await (await fetch(`${scenario.gateway.adminUrl}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith('gatehouse_'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));
}

/** Every kind of request, with a name in every place that a client can write one. */
function requests(name: string, token: string): readonly string[] {
  const lines = [
    `User-Agent: ${name}`,
    `X-${name}: ${name}`,
    `X-Forwarded-For: ${name}`,
    `Referer: /${name}`,
  ];
  const others = ['PUT', 'PATCH', 'OPTIONS', 'PROPFIND', 'REPORT', 'PURGE', 'M-SEARCH'];
  return [
    scenario.requestAs(token, `GET /api/${name} HTTP/1.1`, lines),
    scenario.requestAs(token, `GET /api/${name}?${name}=${name} HTTP/1.1`, lines),
    scenario.requestAs(undefined, `GET /api/open/${name} HTTP/1.1`, lines),
    scenario.requestAs(undefined, `GET /api/${name} HTTP/1.1`, lines),
    scenario.requestAs(undefined, `GET /${name}/${name} HTTP/1.1`, lines),
    scenario
      .requestAs(undefined, `GET /api/${name} HTTP/1.1`, lines)
      .replace('gateway.example.com', `${name}.example.com`),
    scenario.requestAs(`${name}.${name}.${name}`, `GET /api/${name} HTTP/1.1`, lines),
    scenario.requestAs(undefined, `GET /api//${name} HTTP/1.1`, lines),
    ...others.map((method) => scenario.requestAs(undefined, `${method} /api/${name} HTTP/1.1`, lines)),
  ];
}

test('K5 cardinality: 10,000 random paths, methods, hosts, agents, subjects leave the series as they were', async () => {
  const subjects = Array.from({ length: 40 }, () =>
    scenario.mint({
      sub: crypto.randomUUID(),
      project_path: `acme/${crypto.randomUUID()}`,
      jti: crypto.randomUUID(),
    }),
  );
  const last = scenario.requestAs(undefined, 'GET /last HTTP/1.1', [CLOSE]);
  const load = async (round: number): Promise<number> => {
    const names = Array.from({ length: 8 }, () => `n${crypto.randomUUID()}`);
    const bytes = names.flatMap((name) => requests(name, subjects[round % subjects.length] ?? '')).join('');
    return (await rawRequest(scenario.gateway.port, bytes + last, { quiet: 5_000 })).length;
  };

  // Each kind with a new token and with a known one, so that all that it will ever count is there.
  let answered = 0;
  // Until this client has failed too often, too.
  for (let round = 0; round < 40; round++) answered += await load(0);
  const before = await series();
  expect(before).toContain(
    'gatehouse_decisions_total{service="api",decision="allow",reason="anonymous",credential="none",type="http"}',
  );
  for (let round = 0; answered < 10_000; round++) answered += await load(round);

  const after = await series();
  expect(after).toEqual(before);
  expect(after.join()).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}/);
  scenario.upstream.reset();
});

const HOSTILE = [
  ['line feed', 'a\n{"@timestamp":"2026-01-01T00:00:00Z","event":{"reason":"granted"}}'],
  ['CRLF', 'a\r\n{"forged":1}\r\n'],
  ['ANSI', '\u001b[2J\u001b[31mgone'],
  ['C1', '\u009b2J\u0085next'],
  ['quotes', '","user":{"name":"admin"},"x":"'],
  ['backslash', 'x\\'],
  ['U+2028', 'a\u2028{"forged":1}'],
  ['U+2029', 'a\u2029{"forged":1}'],
  ['bidirectional', '\u202etxt.exe'],
  ['NUL', 'a\u0000b'],
] as const;

/** As the laxest reader splits lines, and what the laxest terminal obeys. */
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

test.each(HOSTILE)('K6 log injection: %s in claims, paths, agents, hosts, methods', async (_, text) => {
  const written = (): string[] => scenario.gateway.auditText().split('\n').slice(0, -1);
  // Lines are written in order: when this one is there, all before it are.
  const settled = async (): Promise<void> => {
    const [answer] = await scenario.send(scenario.request('GET /api/settled HTTP/1.1', [CLOSE]));
    await scenario.audited(answer);
  };
  await settled();
  const before = written().length;
  const token = scenario.mint({
    sub: text,
    jti: text,
    project_path: text,
    job_id: text,
    pipeline_id: text,
    user_login: text,
  });
  const unknown = scenario.mint({ iss: text, aud: text });
  const foreign = scenario.mint({ aud: text }, { header: { kid: text } });
  const utf8 = Buffer.from(text).toString('latin1');
  const encoded = encodeURIComponent(text);
  const attempts = [
    scenario.requestAs(token, 'GET /api/a HTTP/1.1', [CLOSE]),
    scenario.requestAs(unknown, 'GET /api/a HTTP/1.1', [CLOSE]),
    scenario.requestAs(foreign, 'GET /api/a HTTP/1.1', [CLOSE]),
    scenario.request(`GET /api/${encoded} HTTP/1.1`, [CLOSE]),
    scenario.request(`GET /api/${utf8} HTTP/1.1`, [CLOSE]),
    scenario.request(`GET /api/a?${utf8} HTTP/1.1`, [CLOSE]),
    scenario.request('GET /api/a HTTP/1.1', [`User-Agent: ${utf8}`, CLOSE]),
    scenario.request('GET /api/a HTTP/1.1', [`User-Agent: ${text}`, CLOSE]),
    scenario.request('GET /api/a HTTP/1.1', [`traceparent: 00-${utf8}-01`, CLOSE]),
    scenario.request(`GET${utf8} /api/a HTTP/1.1`, [CLOSE]),
    scenario.request('GET /api/a HTTP/1.1', [CLOSE]).replace('gateway.example.com', () => `gateway${utf8}`),
  ];
  for (const bytes of attempts) {
    const said = await exchange(scenario.gateway.port, Buffer.from(bytes, 'latin1'));
    // The parser accepts a bare line end as well; the rest is no request and may only cause a 4xx. A foreign key id is 503.
    expect(said).toMatch(/^HTTP\/1\.1 (200|4\d\d|503) /);
  }
  await settled();

  const lines = written().slice(before);
  for (const line of lines) expect(line).not.toMatch(UNSAFE);
  const events = lines.map((line) => JSON.parse(line) as AuditLine & { user?: { id?: string } });
  for (const event of events) expect(event).toMatchObject({ event: { dataset: 'gatehouse.audit' } });
  // The event of the first request is complete and unforged.
  expect(events.find(({ user }) => user?.id === text)).toMatchObject({
    event: { reason: 'granted' },
    user: { name: 'job', id: text },
    gatehouse: { project: text, jti: text },
  });
  expect(lines.filter((line) => line.includes('"name":"admin"'))).toEqual([]);
  scenario.upstream.reset();
});
