/** Two nodes of an issuer publish different key sets: no valid token is 401 once the gateway has noticed. */
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { sleep } from './support/traffic.ts';

const keep = cleanUp();
const SECONDS = scaled(12, 180);

faultCase('key sets that alternate between two nodes', SECONDS + 20, async (report) => {
  const scene = keep(
    await startProcessScene({
      respond: (_req, res) => void res.end('ok'),
      issuerKeys: 'keys: { refresh: 20s, cooldown: 1s }',
    }),
  );
  const { issuer, gateway } = scene;
  const first = issuer.key;
  const second = issuer.rotate();
  const sets = [[first.jwk], [second.jwk]] as const;
  let node = 0;
  const nodes = setInterval(() => issuer.published.splice(0, Infinity, ...(sets[node++ % 2] ?? [])), 350);
  keep({ close: () => clearInterval(nodes) });

  /** The status for a new token, so that no verified token is used. */
  async function statusOf(serial: number): Promise<number> {
    const key = serial % 2 === 0 ? first : second;
    const token = issuer.mint({ project_id: '20', jti: `token-${serial}` }, { key });
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(`${gateway.url}/orders/x`, { headers });
    await answer.arrayBuffer();
    return answer.status;
  }

  let serial = 0;
  await eventually(
    'the gateway notices',
    async () => {
      await statusOf(serial++);
      return gateway
        .log()
        .some(({ message }) => message === 'the nodes of the issuer publish different key sets');
    },
    30_000,
  );
  const before = serial;
  // The second key must have returned as well.
  await sleep(5_000);
  const statuses = new Map<number, number>();
  const end = performance.now() + SECONDS * 1000;
  while (performance.now() < end) {
    const status = await statusOf(serial++);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    await sleep(20);
  }
  report({ 'requests before': before, fetches: issuer.requests.jwks });
  report(Object.fromEntries([...statuses].map(([status, count]) => [`status ${status}`, count])));
  expect(statuses.get(401) ?? 0).toBe(0);
  expect(statuses.get(200) ?? 0).toBeGreaterThan(0);
});
