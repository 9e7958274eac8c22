/** Rows of docs/operations/deployment.md's table "What fails, and what then": readiness while a dependency is unreachable. */
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startIssuer, type TestIssuer } from '../support/issuer.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';

test('an issuer unreachable beyond the stale limit of its keys: its tokens get 503, and the replica stays ready', async () => {
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead };
  const { gateway, one, two } = await startScenario({
    backends: {
      one: () => startIssuer({ clock }),
      two: () => startIssuer({ clock }),
      upstream: () => startRecordingUpstream(),
    },
    clock,
    config: ({ one: first, two: second, upstream }) => `issuers:
  one: { type: gitlab, issuer: "${first.url}" }
  two: { type: gitlab, issuer: "${second.url}" }
identities:
${['one', 'two'].map((name) => `  ${name}: { issuer: ${name}, match: { project_id: "20" }, grants: [{ service: orders, scopes: [read_api], resources: ["**"] }] }`).join('\n')}
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
`,
  });
  const readyz = async (): Promise<{ ready: boolean; checks: object[] }> =>
    (await (await fetch(`${gateway.adminUrl}/readyz`)).json()) as { ready: boolean; checks: object[] };
  const ask = async (issuer: TestIssuer): Promise<[number, string | undefined]> => {
    const headers = { Authorization: `Bearer ${issuer.mint({ project_id: '20' })}` };
    const answer = await fetch(`${gateway.url}/orders/`, { headers });
    const text = await answer.text();
    return [answer.status, answer.ok ? undefined : (JSON.parse(text) as { error: string }).error];
  };
  await eventually('ready', async () => (await readyz()).ready);
  expect(await ask(one)).toEqual([200, undefined]);
  await one.down();
  ahead = 6 * 3_600_000 + 1_000;
  // The list of revocations has to be read again first, at the new time.
  await eventually('the other one is served', async () => (await ask(two))[0] === 200, 15_000);
  expect(await ask(one)).toEqual([503, 'issuer_unavailable']);
  expect(await readyz()).toMatchObject({
    ready: true,
    checks: expect.arrayContaining([
      {
        name: 'issuer one',
        ok: false,
        detail: expect.stringMatching(/ECONNREFUSED: its tokens are refused with 503$/),
      },
    ]),
  });
});
