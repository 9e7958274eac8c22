/** Two gateways with one Redis bind a publishing token to one package. */
import { beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { TestGateway } from '../support/gateway.ts';
import { needs } from '../support/needs.ts';
import { PUBLISHING_FORMATS, type PublishingFormat } from '../support/publishing/package-pushes.ts';
import { exchangeForPublisher } from '../support/publishing/publisher.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startRedis } from '../support/redis.ts';
import { useJobScenario } from '../support/scenario/job.ts';
import { bothOf } from '../support/scenario/replicas.ts';

const AUDIENCE = 'packages';
const TYPES = PUBLISHING_FORMATS.map(({ type }) => type);

needs('redis-server').describe('publishing tokens of two gateways with one Redis', () => {
  const scenario = useJobScenario({
    backends: () => ({ redis: () => startRedis(), upstream: () => startRecordingUpstream() }),
    replicas: 2,
    config: ({ gitlab, redis, upstream }) => `
state: { redis: { url: "${redis.url}", timeout: 1s } }
issuers: { gitlab: { type: gitlab, issuer: "${gitlab.url}" } }
roles:
  publisher:${TYPES.map((type) => `\n    - { service: ${type}, scopes: [write_package_registry], resources: ["**"] }`).join('')}
identities:
  ci: { issuer: gitlab, match: { project_id: "20" }, roles: [publisher] }
services:${TYPES.map(
      (type) => `
  ${type}:
    type: ${type}
    hosts: [127.0.0.1]
    path: /${type}/
    trustedPublishing: { audience: ${AUDIENCE} }
    upstream: { url: "${upstream.url}/" }`,
    ).join('')}
`,
  });
  let one: TestGateway;
  let two: TestGateway;
  beforeAll(async () => {
    [one, two] = bothOf(scenario);
    for (const { adminUrl } of [one, two]) {
      await eventually(
        'the replica is ready',
        async () => (await fetch(`${adminUrl}/readyz`)).status === 200,
      );
    }
  });

  const publisher = (format: PublishingFormat) =>
    exchangeForPublisher(format, one, scenario.job.idToken({ aud: AUDIENCE }));

  test.each(PUBLISHING_FORMATS)('$type: a push at one is binding at the other', async (format) => {
    const client = await publisher(format);
    expect(await client.push('acme', one)).toMatchObject({ status: 200 });
    expect(await client.push('acme', two)).toMatchObject({ status: 200 });
    expect(await client.push('other', two)).toMatchObject({
      status: 403,
      body: expect.stringContaining('the package of its first push'),
    });
  });

  test.each(PUBLISHING_FORMATS)(
    '$type: of first pushes to both at once one package is published',
    async (format) => {
      const client = await publisher(format);
      scenario.upstream.reset();
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_each, index) => {
          const name = index % 2 === 0 ? 'acme' : 'other';
          const { status } = await client.push(name, index % 4 < 2 ? one : two);
          return `${name} ${status}`;
        }),
      );
      expect([
        ['acme 200', 'other 403'],
        ['acme 403', 'other 200'],
      ]).toContainEqual([...new Set(answers)].toSorted());
      expect(scenario.upstream.requests()).toHaveLength(10);
    },
  );

  test('without Redis a push is 503, and nothing reaches the upstream', async () => {
    const [format] = PUBLISHING_FORMATS;
    const [bound, fresh] = [await publisher(format), await publisher(format)];
    expect(await bound.push('acme')).toMatchObject({ status: 200 });
    scenario.upstream.reset();
    await scenario.redis.kill();
    for (const client of [bound, fresh]) {
      const refused = await client.push('acme');
      expect([refused.status, refused.retryAfter]).toEqual([503, '5']);
      expect((await client.audited(refused)).event.reason).toBe('store_unavailable');
    }
    expect(scenario.upstream.requests()).toHaveLength(0);
    await scenario.redis.restart();
    await eventually('the binding holds', async () => (await bound.push('other')).status === 403, 15_000);
    expect(await bound.push('acme')).toMatchObject({ status: 200 });
    expect(await fresh.push('other')).toMatchObject({ status: 200 });
  }, 60_000);
});
