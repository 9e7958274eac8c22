/** P3, P5, P8, P9, P11: policy evaluates exactly the path that the upstream serves. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { reasonOf, startAttackScenario, type AttackScenario } from '../support/scenario/attack.ts';

let scenario: AttackScenario;
beforeAll(async () => {
  scenario = await startAttackScenario({
    base: '/internal/v9/',
    resources: ['/adm', '/adm/*', '/pub/**', '/one', '/é x/*', '/n|/secret/**', '/r/(a|b)', '/dot.s'],
    services: `
everywhere:
  type: http
  path: /
  hosts: [root.example.com]
  upstream: { url: UPSTREAM/ }
strict:
  type: http
  path: /strict/
  upstream: { url: UPSTREAM/strict/ }
  operations:
    - { scope: s, methods: [GET], paths: ["/v1/*", "/one", "/a.c$", "/(b)"] }
`,
    identities: `
alternatives:
  issuer: gitlab
  match: { namespace_id: "7", ref: { glob: "main|dev/*" } }
  grants: [{ service: everywhere, scopes: [read_api], resources: ["**"] }]
`,
  });
});
afterEach(() => scenario.reset());
afterAll(() => scenario.close());

const get = (target: string) =>
  scenario.send(scenario.request(`GET ${target} HTTP/1.1`, ['Connection: close']));

async function expectForwarded(target: string, sent: string): Promise<void> {
  const answers = await get(target);
  expect(answers.map(({ status }) => status)).toEqual([200]);
  expect(scenario.upstream.requests().map(({ requestLine }) => requestLine)).toEqual([
    `GET ${sent} HTTP/1.1`,
  ]);
}

async function expectDenied(target: string, status: number, reason: string): Promise<void> {
  const [answer, ...more] = await get(target);
  expect(more).toEqual([]);
  expect([target, answer?.status, answer && reasonOf(answer)]).toEqual([target, status, reason]);
  await scenario.expectNothingForwarded();
}

test('granted requests are forwarded below the base path of the upstream', async () => {
  await expectForwarded('/api/adm/x', '/internal/v9/adm/x');
});

test.each([
  ['/api/adm%2fx', 400, 'path_ambiguous'],
  ['/api/adm%2Fx', 400, 'path_ambiguous'],
  ['/api/adm/%2f', 400, 'path_ambiguous'],
  ['/api/adm/x%2fy', 400, 'path_ambiguous'],
  ['/api/adm%5cx', 400, 'path_ambiguous'],
  ['/api%2fadm/x', 400, 'path_ambiguous'],
  ['/api%2Fadm%2Fx', 400, 'path_ambiguous'],
  ['/apii/adm%2fx', 404, 'no_service'],
  ['/apii%2fadm/x', 404, 'no_service'],
  ['/apii/..%2fapi/adm/x', 400, 'path_ambiguous'],
  ['/apii/%2fapi/adm/x', 400, 'path_ambiguous'],
  ['/api/adm/x/y', 403, 'resource_not_granted'],
])('P3 encoded slash: a rule for /adm/* against %s', expectDenied);

test.each([
  ['/api/%61dm/x', '/internal/v9/adm/x'],
  ['/%61pi/adm/x', '/internal/v9/adm/x'],
  ['/api/adm/%78', '/internal/v9/adm/x'],
  ['/api/%C3%A9%20x/1', '/internal/v9/%C3%A9%20x/1'],
  ['/api/%c3%a9%20x/1', '/internal/v9/%C3%A9%20x/1'],
])('P3 other escapes: %s is decoded once and forwarded in canonical form: %s', expectForwarded);

test.each([
  ['/api/secret?x=/pub/a', 403, 'resource_not_granted'],
  ['/api/secret?/api/pub/a', 403, 'resource_not_granted'],
  ['/api/secret?', 403, 'resource_not_granted'],
  ['/secret?/api/pub/a', 404, 'no_service'],
  ['/?/api/pub/a', 404, 'no_service'],
])('P5 query in a path rule: %s', expectDenied);

test.each(['?x=/../secret&y=%2e%2e/', '?&a=%20&', '?a&&b=%2F;', '?%', '?%zz=%00', '?a=%252e'])(
  'P5 query in a path rule: %s takes no part in the decision, and is sent as it came',
  (query) => expectForwarded(`/api/one${query}`, `/internal/v9/one${query}`),
);

test.each([
  ['/api/ONE', 403, 'resource_not_granted'],
  ['/api/One', 403, 'resource_not_granted'],
  ['/api/%4Fne', 403, 'resource_not_granted'],
  ['/api/one.', 403, 'resource_not_granted'],
  ['/api/one/', 403, 'resource_not_granted'],
  ['/api/one;', 400, 'path_ambiguous'],
  ['/api/one;v=1', 400, 'path_ambiguous'],
  ['/api/one%20', 403, 'resource_not_granted'],
  ['/api/one+', 403, 'resource_not_granted'],
  ['/api/one~', 403, 'resource_not_granted'],
  ['/api/one.json', 403, 'resource_not_granted'],
  ['/api/one::$DATA', 403, 'resource_not_granted'],
  ['/api/PUB/a', 403, 'resource_not_granted'],
  ['/api/dotxs', 403, 'resource_not_granted'],
  ['/API/one', 404, 'no_service'],
  ['/Api/one', 404, 'no_service'],
])('P8 case and trailing: %s', expectDenied);

test.each([
  ['/apix', 404, 'no_service'],
  ['/apix/one', 404, 'no_service'],
  ['/api.', 404, 'no_service'],
  ['/api;/one', 400, 'path_ambiguous'],
  ['/api../one', 404, 'no_service'],
  ['/api..;/one', 400, 'path_ambiguous'],
  ['/api%2e/one', 404, 'no_service'],
  ['/api%2e%2e/one', 404, 'no_service'],
  ['/api%20/one', 404, 'no_service'],
  ['/x/api/one', 404, 'no_service'],
  ['/api/pubx', 403, 'resource_not_granted'],
  ['/api/pub../secret', 403, 'resource_not_granted'],
  ['/api/pub%2e/secret', 403, 'resource_not_granted'],
  ['/api/', 403, 'resource_not_granted'],
  ['/api/api/one', 403, 'resource_not_granted'],
  ['/api/internal/v9/one', 403, 'resource_not_granted'],
  // The rest of the prefix must not form a new one.
  ['/api//one', 400, 'path_ambiguous'],
  ['/api//evil.example/one', 400, 'path_ambiguous'],
  ['/api/%2fone', 400, 'path_ambiguous'],
  ['/api/../internal/v9/one', 400, 'path_ambiguous'],
  ['/api/..', 400, 'path_ambiguous'],
  ['/strict/v1x', 403, 'operation_unknown'],
  ['/strict/v1/x/y', 403, 'operation_unknown'],
  ['/strict/onex', 403, 'operation_unknown'],
])('P9 prefix and rewrite: %s', expectDenied);

test.each([
  ['/api/pub', '/internal/v9/pub'],
  ['/api/pub/..a', '/internal/v9/pub/..a'],
  ['/api/pub/...', '/internal/v9/pub/...'],
  ['/api/pub/@evil.example/', '/internal/v9/pub/@evil.example/'],
  ['/api/pub/http:a', '/internal/v9/pub/http:a'],
])('P9 prefix and rewrite: %s stays below the base path of the upstream: %s', expectForwarded);

test.each([
  ['/api/n', 403, 'resource_not_granted'],
  ['/api/secret/a', 403, 'resource_not_granted'],
  ['/api/r/a', 403, 'resource_not_granted'],
  ['/api/r/b', 403, 'resource_not_granted'],
  ['/strict/abc', 403, 'operation_unknown'],
  ['/strict/a.c', 403, 'operation_unknown'],
  ['/strict/b', 403, 'operation_unknown'],
])('P11 anchoring: patterns are not regular expressions: %s', expectDenied);

test('P11 anchoring: pattern characters are literal', async () => {
  await expectForwarded('/api/n%7C/secret/a', '/internal/v9/n%7C/secret/a');
});

test('P11 anchoring: claim patterns have no alternatives', async () => {
  const answers = await scenario.send(
    scenario
      .request('GET /one HTTP/1.1', ['Connection: close'])
      .replace('Host: gateway.example.com', 'Host: root.example.com'),
  );
  expect(answers.map((answer) => [answer.status, reasonOf(answer)])).toEqual([[403, 'scope_not_granted']]);
  await scenario.expectNothingForwarded();
});
