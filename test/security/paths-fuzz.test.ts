/** P10: parser differences. For every target, policy evaluates the bytes that the upstream receives. */
import { posix } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseTarget } from '../../src/http/request-target.ts';
import { hostileTargets } from '../support/hostile-targets.ts';
import { startKeepAliveClient } from '../support/keep-alive-client.ts';
import { startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario({ base: '/base/' });
});
afterAll(() => scenario.close());

/** How laxer servers interpret a path; the result must always be the same. */
const READERS: Readonly<Record<string, (path: string) => string>> = {
  'WHATWG URL': (path) => decodeURIComponent(new URL(`http://h${path}`).pathname),
  'decodes, then resolves': (path) => posix.normalize(decodeURIComponent(path)),
  'resolves, then decodes': (path) => decodeURIComponent(posix.normalize(path)),
  'takes backslashes for slashes': (path) => posix.normalize(decodeURIComponent(path).replaceAll('\\', '/')),
  'decodes twice': (path) => decodeLax(decodeURIComponent(path)),
  'stops at NUL, # or ?': (path) => /^[^\0#?]*/.exec(decodeURIComponent(path))?.[0] ?? '',
};

/** Keeps invalid escapes unchanged. */
function decodeLax(text: string): string {
  return text.replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) =>
    String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
  );
}

/** Removes path parameters and spaces around segments. */
function withoutParameters(path: string): string {
  return decodeURIComponent(path)
    .split('/')
    .map((segment) => segment.replace(/;.*$/s, '').trim())
    .join('/');
}

test('P10 100,000 targets: every server interprets an accepted target like the policy', () => {
  let accepted = 0;
  fc.assert(
    fc.property(hostileTargets, (target) => {
      const read = parseTarget(target);
      if ('kind' in read) return;
      accepted += 1;
      // The removed segment is reported only once.
      const { dotSegment, ...fixed } = read;
      expect(parseTarget(read.path + read.query)).toEqual(fixed);
      expect(`${read.path}${read.query}`).toMatch(/^[\x21-\x22\x24-\x7e]+$/);
      expect(target.endsWith(read.query)).toBe(true);
      const sent = target.slice(0, target.length - read.query.length);
      expect(decodeURIComponent(read.path)).toBe(
        decodeURIComponent(dotSegment === true ? sent.replace('/./', '/') : sent),
      );
      const plain = decodeURIComponent(read.path);
      for (const [reader, at] of Object.entries(READERS)) {
        if (at(read.path) !== plain) expect.fail(`${reader}: ${read.path} → ${at(read.path)}`);
      }
      const bare = withoutParameters(read.path);
      expect(posix.normalize(bare)).toBe(bare);
    }),
    { numRuns: 100_000 },
  );
  // The property is meaningful only if targets are accepted.
  expect(accepted).toBeGreaterThan(5_000);
});

test('P10 2,000 targets through the gateway: the audited resource is the forwarded target', async () => {
  const client = startKeepAliveClient(scenario.gateway.port);
  const targets = fc.sample(hostileTargets, 2_000).map((target) => `/api${target}`);
  const answers = new Map<string, string>();
  for (const target of targets) {
    const answer = await client.ask(scenario.request(`GET ${target} HTTP/1.1`));
    expect([200, 400, 404]).toContain(answer.status);
    answers.set(answer.headers.get('x-request-id') ?? `none, for ${target}`, target);
  }
  client.close();

  const sent = new Map(
    scenario.upstream
      .requests()
      .map(({ requestLine, headers }) => [headers.get('x-request-id')?.[0], requestLine] as const),
  );
  const events = (await scenario.gateway.audit(targets.length + 1)).slice(1);
  let compared = 0;
  for (const { event, gatehouse, http, url } of events as unknown as readonly Line[]) {
    const requestLine = sent.get(http.request.id);
    expect([event.reason, requestLine !== undefined]).toEqual([event.reason, event.reason === 'granted']);
    if (requestLine === undefined) continue;
    const target = answers.get(http.request.id) ?? '';
    const question = target.indexOf('?');
    const query = question === -1 ? '' : target.slice(question);
    expect(requestLine).toBe(`GET /base${gatehouse.resources[0]}${query} HTTP/1.1`);
    expect(url.path).toBe(`/api${gatehouse.resources[0]}`);
    compared += 1;
  }
  expect(compared).toBe(scenario.upstream.requests().length);
  expect(compared).toBeGreaterThan(200);
  scenario.reset();
  await scenario.expectAlive();
});

interface Line {
  readonly event: { readonly reason: string };
  readonly gatehouse: { readonly resources: readonly string[] };
  readonly http: { readonly request: { readonly id: string } };
  readonly url: { readonly path: string };
}
