/** D6 at `/oauth/revoke`: every replica holds all revocations, so their number is bounded, for anonymous tokens too. */
import { expect, test } from 'vitest';
import { startScenario } from '../support/scenario.ts';

test('anonymous tokens, which cost nothing: one quota for all clients together', async () => {
  const { gateway } = await startScenario({
    backends: {},
    config: () => `services:
  registry:
    type: oci
    upstream: { url: "http://127.0.0.1:1" }
    anonymous: [{ scopes: [read_registry], resources: ["public/**"] }]`,
  });
  const asked = `service=${new URL(gateway.url).host}&scope=repository:public/base:pull`;
  const statuses: number[] = [];
  for (let i = 0; i < 63; i++) {
    const { token } = (await (await fetch(`${gateway.url}/token?${asked}`)).json()) as { token: string };
    const answer = await fetch(`${gateway.url}/oauth/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token }),
    });
    await answer.text();
    statuses.push(answer.status);
  }
  expect(statuses).toEqual([...Array<number>(60).fill(200), 429, 429, 429]);
  const list: unknown = await (await fetch(`${gateway.adminUrl}/revocations`)).json();
  expect(JSON.stringify(list).match(/revoked by its holder/g)).toHaveLength(60);
});
